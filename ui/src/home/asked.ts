// Which needs a device card on the same screen asks by itself.
import type { DeviceView } from "../generated/DeviceView";
import type { NeedAction } from "../generated/NeedAction";

export function isAskedByCard(action: NeedAction, devices: DeviceView[]): boolean {
  if (action.is !== "approveDevice" && action.is !== "chooseFor") return false;
  const device = devices.find(({ id }) => id === action.device);
  if (!device) return false;
  return action.is === "chooseFor" ? device.asks !== null : device.state.is === "offered";
}
