// The one sentence that a glance is for: the most urgent truth first.
import type { Snapshot } from "../generated/Snapshot";
import { t } from "../messages";

export function headline({ trouble, devices, needs, queue, services, activities }: Snapshot): string {
  if (trouble) return t("headline.trouble");
  const copying = devices.find((device) => device.state.is === "copying");
  if (copying) return t("headline.copying", { device: copying.name });
  if (needs.length > 0) return t("headline.needs", { count: needs.length });
  const looking = devices.find((device) => device.state.is === "looking" && !device.isFolder);
  if (looking) return t("headline.looking", { device: looking.name });
  const moving = queue.sending + queue.processing;
  if (moving > 0) return t("headline.sending", { count: moving + queue.waiting });
  if (queue.waiting > 0) return t("headline.waiting", { count: queue.waiting });
  if (activities === 0) return t("headline.empty");
  const connected = services.some((service) => service.account);
  return connected && queue.refused + queue.unsure + queue.held === 0
    ? t("headline.done")
    : t("headline.kept");
}
