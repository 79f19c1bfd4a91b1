// Named moments of the app's life, for looking at and for tests.
import type { AccountView } from "../src/generated/AccountView";
import type { DeviceView } from "../src/generated/DeviceView";
import type { HistoryRow } from "../src/generated/HistoryRow";
import type { Problem } from "../src/generated/Problem";
import type { QueueCounts } from "../src/generated/QueueCounts";
import type { ServiceView } from "../src/generated/ServiceView";
import type { Settings } from "../src/generated/Settings";
import type { Snapshot } from "../src/generated/Snapshot";
import { NOW, rows } from "./samples";

export interface Scene {
  snapshot: Snapshot;
  settings: Settings;
  rows: HistoryRow[];
  /** Commands that are refused, and with what. */
  broken?: { commands: string[]; problem: Problem };
  /** Answers wait until the host is told. */
  slow?: boolean;
}

const DAY = 86_400_000;

export const queue = (counts: Partial<QueueCounts> = {}): QueueCounts => ({
  waiting: 0,
  sending: 0,
  processing: 0,
  sent: 0,
  existing: 0,
  refused: 0,
  unsure: 0,
  held: 0,
  dismissed: 0,
  ...counts,
});

export const device = (some: Partial<DeviceView> = {}): DeviceView => ({
  id: "garmin:3990012345",
  name: "Edge 540",
  place: "/media/ada/GARMIN",
  isFolder: false,
  state: { is: "upToDate", stillWritten: 0 },
  found: 214,
  takenIn: 12,
  ignored: 5,
  problems: [],
  asks: null,
  choice: "all",
  safeToUnplug: true,
  ...some,
});

const account = (service: string, some: Partial<AccountView> = {}): AccountView => ({
  id: service === "trek-point" ? 2 : 1,
  service,
  label: service === "trek-point" ? "Ada Bergström" : "Signed in on 3 November 2026",
  signedInAt: NOW - 17 * DAY,
  visibility: "private",
  scopes: service === "trek-point" ? ["profile", "activities_read", "activities_write"] : [],
  state: { is: "connected" },
  earlier: 0,
  queue: queue({ sent: 402, existing: 7 }),
  ...some,
});

const service = (id: string, some: Partial<ServiceView> = {}): ServiceView => ({
  id,
  name: id === "trek-point" ? "Trek Point" : "Map My Tracks",
  missing: [],
  wantsSecret: id === "map-my-tracks",
  hasSecret: true,
  redirectUris:
    id === "trek-point"
      ? ["http://127.0.0.1:53682/trek-point", "http://127.0.0.1:53683/trek-point"]
      : ["http://127.0.0.1:53682/map-my-tracks"],
  registerAt: id === "trek-point" ? "https://developer.trekpoint.io/docs" : "support@mapmytracks.com",
  partlyAssumed: true,
  signingIn: false,
  problem: null,
  account: null,
  ...some,
});

const settings: Settings = {
  dataDir: "/home/ada/.local/share/trackdock",
  configFile: "/home/ada/.local/share/trackdock/config.toml",
  secrets: "In the keyring of your desktop (Secret Service).",
  folders: ["/home/ada/Recordings"],
  services: [
    {
      service: "map-my-tracks",
      addresses: [{ key: "base", value: "https://www.mapmytracks.com/api3" }],
      clientId: "trackdock-ada",
      redirectUris: ["http://127.0.0.1:53682/map-my-tracks"],
      visibility: "private",
    },
    {
      service: "trek-point",
      addresses: [
        { key: "oauth_base", value: "" },
        { key: "api_base", value: "" },
        { key: "export_base", value: "" },
      ],
      clientId: "",
      redirectUris: ["http://127.0.0.1:53682/trek-point", "http://127.0.0.1:53683/trek-point"],
      visibility: "private",
    },
  ],
  locale: "en-GB",
  version: "0.1.0",
};

const both = (first: Partial<AccountView> = {}, second: Partial<AccountView> = {}) => [
  service("map-my-tracks", { account: account("map-my-tracks", first) }),
  service("trek-point", { account: account("trek-point", second) }),
];

export const snapshot = (some: Partial<Snapshot> = {}): Snapshot => ({
  revision: 1,
  libraryRevision: 1,
  devices: [],
  services: both(),
  queue: queue(),
  sending: [{ upload: 824, share: 0.42 }],
  needs: [],
  activities: 412,
  trouble: null,
  ...some,
});

const LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmützenausflug ".repeat(4).trim();

const problem = (code: string, title: string, hint: string): Problem => ({ code, title, hint });

const damaged = [
  {
    path: "Garmin/Activity/2026-11-14-07-12-44.fit",
    problem: problem(
      "truncated",
      "2026-11-14-07-12-44.fit ends in the middle.",
      "Copy it from the device again.",
    ),
  },
  {
    path: "Garmin/Activity/notes.gpx",
    problem: problem("not_a_recording", "notes.gpx is not a recording.", "Nothing needs to be done."),
  },
];

const needs: Snapshot["needs"] = [
  {
    problem: problem(
      "refused",
      "Trek Point refused 2 activities.",
      "Look at its words, then try again or let them be.",
    ),
    action: { is: "showUploads", state: "refused" },
  },
  {
    problem: problem(
      "sign_in",
      "Map My Tracks wants you to sign in again.",
      "What is new waits here until then.",
    ),
    action: { is: "signIn", service: "map-my-tracks" },
  },
];

const empty: Scene = {
  snapshot: snapshot({
    services: [
      service("map-my-tracks", { missing: ["client id", "client secret"], hasSecret: false }),
      service("trek-point", { missing: ["sign-in address", "API address", "client id"], hasSecret: false }),
    ],
    activities: 0,
  }),
  settings: { ...settings, folders: [] },
  rows: [],
};

const firstPlug: Scene = {
  snapshot: snapshot({
    devices: [
      device({
        takenIn: 214,
        choice: null,
        problems: damaged,
        asks: { all: 214, last30Days: 17, oldest: Date.parse("2022-04-09T08:00:00Z") },
      }),
    ],
    needs: [
      {
        problem: problem(
          "choose",
          "How far back shall activities from Edge 540 be sent?",
          "Answer on its card above.",
        ),
        action: { is: "chooseFor", device: "garmin:3990012345" },
      },
    ],
    activities: 214,
  }),
  settings,
  rows: rows(214),
};

const busy: Scene = {
  snapshot: snapshot({
    devices: [
      device({
        state: { is: "copying", done: 7, of: 12, bytesPerSecond: 3_120_000, secondsLeft: 4 },
        takenIn: 7,
        safeToUnplug: false,
      }),
      device({
        id: "volume:karoo",
        name: "KAROO 3",
        place: "/media/ada/KAROO",
        state: { is: "offered" },
        found: 31,
        takenIn: 0,
        ignored: 0,
        choice: null,
        safeToUnplug: false,
      }),
      device({
        id: "folder:/home/ada/Recordings",
        name: "Recordings",
        place: "/home/ada/Recordings",
        isFolder: true,
        found: 3,
        takenIn: 0,
        ignored: 0,
        choice: "onlyNew",
      }),
    ],
    needs,
    queue: queue({ waiting: 8, sending: 1, processing: 1, refused: 2, unsure: 1, held: 2, sent: 800 }),
    services: [
      service("map-my-tracks", {
        account: account("map-my-tracks", {
          earlier: 36,
          queue: queue({ waiting: 5, sending: 1, sent: 396 }),
          state: {
            is: "needsSignIn",
            problem: problem(
              "sign_in",
              "Map My Tracks has ended this sign-in.",
              "Sign in again; nothing is lost.",
            ),
          },
        }),
      }),
      service("trek-point", {
        account: account("trek-point", {
          queue: queue({ waiting: 3, processing: 1, refused: 2, unsure: 1, held: 2, sent: 404 }),
        }),
      }),
    ],
  }),
  settings,
  rows: rows(412),
};

const full: Scene = {
  snapshot: snapshot({
    devices: [device()],
    activities: 10_000,
    queue: queue({ sent: 19_993, existing: 7 }),
  }),
  settings,
  rows: rows(10_000),
};

const signingIn: Scene = {
  snapshot: snapshot({
    services: [
      service("map-my-tracks"),
      service("trek-point", {
        signingIn: true,
        problem: problem(
          "denied",
          "Trek Point says the request was denied.",
          "Try again and choose Allow there.",
        ),
      }),
    ],
  }),
  settings,
  rows: rows(40),
};

const broken: Scene = {
  snapshot: snapshot({
    devices: [
      device({
        state: {
          is: "trouble",
          problem: problem(
            "unreadable",
            "Edge 540 cannot be read.",
            "Unplug it, wait for a moment, plug it in again.",
          ),
        },
        safeToUnplug: false,
        takenIn: 0,
      }),
    ],
    trouble: problem(
      "disk_full",
      "The disk with your library is full.",
      "Make some room; Trackdock then goes on.",
    ),
  }),
  settings,
  rows: [],
  broken: {
    commands: ["history", "activity", "sign_in", "retry"],
    problem: problem(
      "unreadable",
      "The library cannot be read.",
      "Start Trackdock again; your originals are untouched.",
    ),
  },
};

const long: Scene = {
  snapshot: snapshot({
    devices: [device({ name: LONG, place: `/media/ada/${LONG}`, problems: damaged })],
    needs: [{ problem: problem("refused", LONG, LONG), action: { is: "showUploads", state: "refused" } }],
    services: both({ label: LONG, scopes: [LONG] }, { label: LONG }),
  }),
  settings: { ...settings, folders: [`/home/ada/${LONG}`], dataDir: `/home/ada/${LONG}` },
  rows: rows(12).map((row) => ({ ...row, name: LONG })),
};

export const SCENES = {
  empty,
  firstPlug,
  busy,
  full,
  signingIn,
  broken,
  long,
  loading: { ...busy, slow: true },
} satisfies Record<string, Scene>;

export type SceneName = keyof typeof SCENES;
