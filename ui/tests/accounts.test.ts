import { fireEvent } from "@testing-library/svelte";
import { expect, test } from "vitest";
import { openPage, until } from "./page";

test("a service that is not set up says what is missing and where to get it", async () => {
  const { findByTestId } = await openPage("empty", "#/accounts");
  const card = await findByTestId("service-map-my-tracks");
  expect(card.textContent).toContain("Still missing: client id, client secret");
  const values = [...card.querySelectorAll<HTMLInputElement>("input[readonly]")].map((field) => field.value);
  expect(values).toEqual(["support@mapmytracks.com", "http://127.0.0.1:53682/map-my-tracks"]);
});

test("saving sends the whole table, byte for byte, and forgets the secret", async () => {
  const { findByTestId, host } = await openPage("empty", "#/accounts");
  const secret = (await findByTestId("client-secret-map-my-tracks")) as HTMLInputElement;
  await fireEvent.input(await findByTestId("client-id-map-my-tracks"), { target: { value: " my-id " } });
  await fireEvent.input(secret, { target: { value: ": / + = é" } });
  await fireEvent.input(await findByTestId("redirects-map-my-tracks"), {
    target: { value: "http://127.0.0.1:1/a\n\n http://127.0.0.1:2/b " },
  });
  await fireEvent.submit(await findByTestId("form-map-my-tracks"));
  await until(() => expect(secret.value).toBe(""));
  expect(host.called("save_service")).toEqual([
    {
      settings: {
        service: "map-my-tracks",
        addresses: [{ key: "base", value: "https://www.mapmytracks.com/api3" }],
        clientId: "my-id",
        redirectUris: ["http://127.0.0.1:1/a", "http://127.0.0.1:2/b"],
        visibility: "private",
      },
      clientSecret: ": / + = é",
    },
  ]);
});

test("an empty secret leaves the stored one", async () => {
  const { findByTestId, host } = await openPage("empty", "#/accounts");
  await fireEvent.submit(await findByTestId("form-map-my-tracks"));
  await until(() => expect(host.called("save_service")[0]?.["clientSecret"]).toBeNull());
});

test("signing in goes on in the browser and can be called off", async () => {
  const { findByTestId, findByText, host, text } = await openPage("signingIn", "#/accounts");
  await fireEvent.click(await findByTestId("connect-map-my-tracks"));
  expect(host.called("sign_in")).toEqual([{ service: "map-my-tracks" }]);
  expect(text()).toContain("Finish in your browser…");
  expect(text()).toContain("Trek Point says the request was denied.");
  await fireEvent.click(await findByText("Cancel"));
  expect(host.called("cancel_sign_in")).toEqual([{ service: "trek-point" }]);
});

test("a connected account tells who and what, and can be changed", async () => {
  const { findByTestId, host } = await openPage("full", "#/accounts");
  const card = await findByTestId("service-trek-point");
  expect(card.textContent).toContain("Ada Bergström");
  expect(card.textContent).toContain("read your profile, read your activities and add or change activities");
  const select = card.querySelector("select");
  if (select) await fireEvent.change(select, { target: { value: "public" } });
  expect(host.called("set_visibility")).toEqual([{ account: 2, visibility: "public" }]);
});

test("earlier activities are sent only when chosen", async () => {
  const { findByTestId, host, text } = await openPage("busy", "#/accounts");
  expect(text()).toContain("36 activities were kept before you signed in");
  await fireEvent.click(await findByTestId("earlier-30"));
  expect(host.called("send_earlier")).toEqual([{ account: 1, choice: "last30Days" }]);
});

test("signing out asks first", async () => {
  const { findByTestId, host, queryByTestId } = await openPage("full", "#/accounts");
  await fireEvent.click(await findByTestId("sign-out-trek-point"));
  expect(host.called("sign_out")).toEqual([]);
  await fireEvent.click(await findByTestId("sign-out-yes-trek-point"));
  expect(host.called("sign_out")).toEqual([{ account: 2 }]);
  await until(() => expect(queryByTestId("sign-out-yes-trek-point")).toBeNull());
});

test("a sign-in that ended is offered again", async () => {
  const { findByTestId, host } = await openPage("busy", "#/accounts");
  await fireEvent.click(await findByTestId("connect-map-my-tracks"));
  expect(host.called("sign_in")).toEqual([{ service: "map-my-tracks" }]);
});

test("folders are added by the host's dialog and taken off by name", async () => {
  const { findByTestId, findByText, host } = await openPage("full", "#/settings");
  await fireEvent.click(await findByTestId("add-folder"));
  await until(() => expect(host.called("add_folder")).toHaveLength(1));
  await fireEvent.click(await findByText("Stop watching"));
  expect(host.called("remove_folder")).toEqual([{ path: "/home/ada/Recordings" }]);
});
