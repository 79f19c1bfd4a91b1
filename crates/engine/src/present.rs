//! The engine's state as a snapshot for whoever shows it.

use std::time::Instant;

use device::DeviceKind;
use jiff::Timestamp;
use library::{AccountId, AccountRow, AccountState, Counts, State};

use crate::devices::{DeviceEntry, Running};
use crate::lane::{ClientSecret, Lane};
use crate::rows::{counts, millis, small};
use crate::verdict::UNDECIDED;
use crate::view::{
    AccountState as AccountStateView, AccountView, Choice, DeviceState, DeviceView, FirstPlug,
    Need, NeedAction, Problem, SendingView, ServiceView, Snapshot, UploadState,
};
use crate::{counted, state};

/// More than this nobody counts.
const MOST_UNDECIDED: usize = 1_000;

impl state::State {
    /// The live state now. `revision` is set by whoever sends it.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let counted = self.library.counts().unwrap_or_default();
        let accounts = self.library.accounts().unwrap_or_default();
        let devices: Vec<DeviceView> = self
            .devices
            .values()
            .map(|entry| self.device_view(entry))
            .collect();
        let services: Vec<ServiceView> = self
            .lanes
            .iter()
            .map(|lane| service_view(lane, &accounts, &counted, self.now()))
            .collect();
        let undecided = self.undecided(&counted);
        Snapshot {
            revision: 0,
            library_revision: small(self.library.revision().unwrap_or_default()),
            needs: needs(
                &devices,
                &services,
                &undecided,
                self.ask_first && counted.activities > 0,
            ),
            devices,
            services,
            queue: counts(&counted.uploads),
            sending: self.lanes.iter().filter_map(sending_view).collect(),
            activities: small(counted.activities),
            trouble: self.trouble.clone(),
        }
    }

    /// The accounts of unsure uploads that only a person can clear up; the others are being looked for.
    fn undecided(&self, counted: &Counts) -> Vec<u32> {
        if counted.uploads.get(State::Unsure) == 0 {
            return Vec::new();
        }
        let unsure = self.library.queue(&[State::Unsure], None, MOST_UNDECIDED);
        unsure
            .unwrap_or_default()
            .iter()
            .filter(|upload| upload.reason_code == UNDECIDED)
            .map(|upload| account_number(upload.account))
            .collect()
    }

    fn device_view(&self, entry: &DeviceEntry) -> DeviceView {
        let row = entry.row.as_ref();
        let state = device_state(entry, self.moment());
        let choice = row.and_then(|row| row.choice);
        let open = entry.is_used() && row.is_some() && choice.is_none();
        let asks = open
            .then(|| self.library.first_plug(&entry.device.id, self.now()).ok())
            .flatten()
            .filter(|plug| plug.all > 0);
        DeviceView {
            id: entry.device.id.clone(),
            name: entry.device.name.clone(),
            place: entry.device.root.display().to_string(),
            is_folder: entry.device.kind == DeviceKind::Folder,
            safe_to_unplug: entry.look.is_none()
                && !entry.again
                && matches!(state, DeviceState::UpToDate { still_written: 0 }),
            state,
            found: entry.found,
            taken_in: entry.taken_in,
            ignored: entry.ignored,
            problems: entry.problems.iter().rev().cloned().collect(),
            asks: asks.map(|plug| FirstPlug {
                all: small(plug.all),
                last_30_days: small(plug.last_30_days),
                oldest: plug.oldest.map(millis),
            }),
            choice: choice.and_then(|choice| match choice {
                library::Choice::All => Some(Choice::All),
                library::Choice::Last30Days => Some(Choice::Last30Days),
                library::Choice::OnlyNew => Some(Choice::OnlyNew),
                library::Choice::Since(_) => None,
            }),
        }
    }
}

fn sending_view(lane: &Lane) -> Option<SendingView> {
    let (upload, share) = lane.sending?;
    Some(SendingView {
        upload: u32::try_from(upload.0).ok()?,
        share,
    })
}

fn device_state(entry: &DeviceEntry, now: Instant) -> DeviceState {
    if !entry.is_used() {
        let answered = entry
            .row
            .as_ref()
            .is_some_and(|row| row.approved == Some(false));
        return if answered {
            DeviceState::Refused
        } else {
            DeviceState::Offered
        };
    }
    if let Some(look) = entry.look.as_ref() {
        return if look.of == 0 {
            DeviceState::Looking
        } else {
            copying(look, now)
        };
    }
    if let Some(problem) = &entry.trouble {
        return DeviceState::Trouble {
            problem: problem.clone(),
        };
    }
    if let Some(note) = entry.device.note.as_ref().filter(|_| entry.found == 0) {
        let hint = "Send its activities with the maker's own program; files saved from there can be imported.";
        return DeviceState::Trouble {
            problem: Problem::new("keeps_to_itself", note, hint),
        };
    }
    if entry.again {
        DeviceState::Looking
    } else {
        DeviceState::UpToDate {
            still_written: entry.still_written,
        }
    }
}

fn copying(look: &Running, now: Instant) -> DeviceState {
    let seconds = now.duration_since(look.began).as_secs_f64().max(0.001);
    let left = f64::from(look.of.saturating_sub(look.done));
    let seconds_left = (look.done > 0).then(|| (seconds / f64::from(look.done) * left).ceil());
    DeviceState::Copying {
        done: look.done,
        of: look.of,
        bytes_per_second: (look.bytes as f64 / seconds).round(),
        seconds_left,
    }
}

fn service_view(
    lane: &Lane,
    accounts: &[AccountRow],
    counted: &Counts,
    now: Timestamp,
) -> ServiceView {
    let account = accounts
        .iter()
        .find(|account| Some(account.id) == lane.account);
    ServiceView {
        id: lane.service.name().to_owned(),
        name: lane.service.display().to_owned(),
        missing: lane.missing(),
        wants_secret: lane.settings.wants_secret(),
        has_secret: matches!(lane.secret, ClientSecret::Stored),
        redirect_uris: lane.settings.redirect_uris.clone(),
        register_at: lane.settings.register_at().to_owned(),
        partly_assumed: lane.settings.partly_assumed(),
        signing_in: lane.signing_in.is_some(),
        problem: lane.problem().cloned(),
        account: account.map(|account| account_view(account, lane, counted, now)),
    }
}

fn account_number(account: AccountId) -> u32 {
    u32::try_from(account.0).unwrap_or_default()
}

fn account_view(
    account: &AccountRow,
    lane: &Lane,
    counted: &Counts,
    now: Timestamp,
) -> AccountView {
    let own = counted
        .accounts
        .iter()
        .find(|own| own.account == account.id);
    AccountView {
        id: account_number(account.id),
        service: account.service.clone(),
        label: account.label.clone(),
        signed_in_at: millis(account.signed_in_at),
        visibility: lane
            .settings
            .visibility
            .map(|visibility| visibility.name().to_owned()),
        scopes: account.scopes.clone(),
        state: account_state(&account.state, now),
        earlier: own.map(|own| small(own.earlier)).unwrap_or_default(),
        queue: own.map(|own| counts(&own.uploads)).unwrap_or_default(),
    }
}

/// A pause that is over is none, also before the next upload has shown it.
fn account_state(state: &AccountState, now: Timestamp) -> AccountStateView {
    let problem =
        |reason: &library::Reason| Problem::new(&reason.code, &reason.title, &reason.hint);
    match state {
        AccountState::Connected | AccountState::SignedOut => AccountStateView::Connected,
        AccountState::NeedsSignIn(reason) => AccountStateView::NeedsSignIn {
            problem: problem(reason),
        },
        AccountState::Paused { .. } if state.rests_until(now).is_none() => {
            AccountStateView::Connected
        }
        AccountState::Paused { reason, until, .. } => AccountStateView::Paused {
            problem: problem(reason),
            until: until.map(millis),
        },
    }
}

/// What needs the user, most urgent first. `undecided`: the account of each unsure upload that is not being looked for.
fn needs(
    devices: &[DeviceView],
    services: &[ServiceView],
    undecided: &[u32],
    wants_account: bool,
) -> Vec<Need> {
    let mut needs: Vec<Need> = services.iter().filter_map(sign_in_need).collect();
    for device in devices {
        let name = &device.name;
        if device.state == DeviceState::Offered {
            let problem = Problem::new(
                "approve_device",
                format!("{name} holds recordings, but is not known as a GPS device."),
                "Use it if it is yours: its recordings are then taken in, and nothing on it is changed.",
            );
            needs.push(Need {
                problem,
                action: NeedAction::ApproveDevice {
                    device: device.id.clone(),
                },
            });
        } else if let Some(asks) = &device.asks {
            let problem = Problem::new(
                "choose",
                format!(
                    "{name} is new here, with {}. Nothing of it is sent yet.",
                    counted(asks.all.into(), "activity", "activities")
                ),
                "Choose how far back they are sent.",
            );
            needs.push(Need {
                problem,
                action: NeedAction::ChooseFor {
                    device: device.id.clone(),
                },
            });
        }
    }
    needs.extend(
        services
            .iter()
            .flat_map(|service| upload_needs(service, undecided)),
    );
    if wants_account && services.iter().all(|service| service.account.is_none()) {
        needs.extend(connect_need(services));
    }
    needs
}

/// Somebody who has activities and no account is told once, for the first service.
fn connect_need(services: &[ServiceView]) -> Option<Need> {
    let first = services.first()?;
    let problem = Problem::new(
        "connect",
        "Everything is kept here, and sent nowhere yet.",
        "Connect a service to send it on.",
    );
    Some(Need {
        problem,
        action: NeedAction::SetUp {
            service: first.id.clone(),
        },
    })
}

fn sign_in_need(service: &ServiceView) -> Option<Need> {
    match &service.account.as_ref()?.state {
        AccountStateView::NeedsSignIn { problem } => Some(Need {
            problem: problem.clone(),
            action: NeedAction::SignIn {
                service: service.id.clone(),
            },
        }),
        _ => None,
    }
}

fn upload_needs(service: &ServiceView, undecided: &[u32]) -> Vec<Need> {
    let Some(account) = &service.account else {
        return Vec::new();
    };
    let name = &service.name;
    let unsure = undecided.iter().filter(|own| **own == account.id).count();
    let unsure = u32::try_from(unsure).unwrap_or(u32::MAX);
    let numbers = [
        (account.queue.refused, UploadState::Refused),
        (unsure, UploadState::Unsure),
    ];
    let need = |(count, state): (u32, UploadState)| {
        if count == 0 {
            return None;
        }
        let activities = if count == 1 {
            "one activity".to_owned()
        } else {
            format!("{count} activities")
        };
        let problem = match state {
            UploadState::Refused => Problem::new(
                "refused",
                format!("{name} refused {activities}."),
                "Look at its reason, then retry or dismiss.",
            ),
            _ => Problem::new(
                "unsure",
                format!("It is unsure whether {activities} arrived at {name}."),
                "Look there, then retry or dismiss.",
            ),
        };
        Some(Need {
            problem,
            action: NeedAction::ShowUploads { state },
        })
    };
    numbers.into_iter().filter_map(need).collect()
}

#[cfg(test)]
#[path = "present_tests.rs"]
mod tests;
