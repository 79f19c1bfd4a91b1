//! The state of the watching thread: which places there are, when each is looked at next, and when to report.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, TryRecvError};
use std::time::{Duration, Instant};

use crate::hearing::{Hearing, Hint};
use crate::mounts::{self, Mount};
use crate::places::{self, Exclusions};
use crate::sight::{self, Origin, Place, Seen};
use crate::signal::{Waiter, Waker};
use crate::watch::Pace;
use crate::{Device, presence};

/// How long a report waits for looks that are under way.
const PATIENCE: Duration = Duration::from_secs(1);
/// Longest that change notices can put off a look, in quiet times.
const MOST_QUIETS: u32 = 6;
/// Longest pause between looks at a volume that isn't a device.
const LONGEST_REST: Duration = Duration::from_secs(3600);

/// Everything that can wake the watching thread, beside mounts and time.
pub(crate) enum Message {
    /// Watch these folders.
    Folders(Vec<PathBuf>),
    /// Look everywhere, and report.
    Rescan,
    /// A change notice.
    Hint(Hint),
    /// A look has ended.
    Seen {
        key: Key,
        place: Box<Place>,
        seen: Box<Seen>,
    },
    /// The MTP stores that are there.
    Stores(Vec<(PathBuf, Mount)>),
    /// End.
    Stop,
}

type Key = (Origin, PathBuf);
type Outlet = (Sender<Message>, Waker);

struct Spot {
    place: Place,
    seen: Option<Seen>,
    /// When the look under way began.
    began: Option<Instant>,
    next: Instant,
    rest: Duration,
}

/// See the module.
pub(crate) struct Lookout {
    pace: Pace,
    exclusions: Exclusions,
    folders: Vec<PathBuf>,
    outlet: Outlet,
    changed: Box<dyn Fn(Vec<Device>) + Send>,
    spots: BTreeMap<Key, Spot>,
    stores: Vec<(PathBuf, Mount)>,
    are_stores_asked: bool,
    hearing: Hearing,
    /// First and last of the change notices not yet followed.
    hints: Option<(Instant, Instant)>,
    hinted: Vec<Key>,
    tick: Instant,
    is_report_due: bool,
}

impl Lookout {
    pub(crate) fn new(
        pace: Pace,
        exclusions: Exclusions,
        folders: Vec<PathBuf>,
        outlet: Outlet,
        changed: Box<dyn Fn(Vec<Device>) + Send>,
    ) -> Lookout {
        Lookout {
            pace,
            exclusions,
            folders,
            outlet,
            changed,
            spots: BTreeMap::new(),
            stores: Vec::new(),
            are_stores_asked: false,
            hearing: Hearing::default(),
            hints: None,
            hinted: Vec::new(),
            tick: Instant::now(),
            is_report_due: true,
        }
    }

    /// Runs until told to stop.
    pub(crate) fn run(mut self, inbox: &Receiver<Message>, waiter: &Waiter) {
        let mut are_mounts_new = true;
        loop {
            let now = Instant::now();
            if are_mounts_new || self.tick <= now {
                self.tick = now + self.tick_length();
                self.ask_for_stores();
                self.refresh(now);
            }
            self.follow_hints(now);
            self.probe_due(now);
            self.report(now);
            are_mounts_new = waiter.wait(self.next_due().saturating_duration_since(Instant::now()));
            if are_mounts_new {
                self.doubt_looks(Instant::now());
            }
            loop {
                match inbox.try_recv() {
                    Ok(Message::Stop) | Err(TryRecvError::Disconnected) => return,
                    Ok(message) => self.take(message, Instant::now()),
                    Err(TryRecvError::Empty) => break,
                }
            }
        }
    }

    fn tick_length(&self) -> Duration {
        // Elsewhere the tick is all that tells of mounts.
        if cfg!(target_os = "linux") {
            self.pace.look_every
        } else {
            self.pace.look_every.min(Duration::from_secs(3))
        }
    }

    fn take(&mut self, message: Message, now: Instant) {
        match message {
            Message::Folders(folders) => {
                self.folders = folders;
                self.is_report_due = true;
                self.refresh(now);
            }
            Message::Rescan => {
                self.is_report_due = true;
                self.tick = now;
                self.spots.values_mut().for_each(|spot| spot.next = now);
            }
            Message::Hint(hint) => self.take_hint(&hint, now),
            Message::Seen { key, place, seen } => self.take_seen(&key, &place, *seen, now),
            Message::Stores(stores) => {
                self.are_stores_asked = false;
                if stores != self.stores {
                    self.stores = stores;
                    self.refresh(now);
                }
            }
            // Ends the loop before it comes here.
            Message::Stop => {}
        }
    }

    /// Looks that are under way while mounts change may see a place without its volume, which may be there again as it was when
    /// the table is read: they are repeated.
    fn doubt_looks(&mut self, now: Instant) {
        for spot in self.spots.values_mut() {
            if spot.began.is_some() {
                spot.next = now + self.pace.settle;
            }
        }
    }

    /// Brings the places up to date with the mount table, the stores, the folders, and what is still attached.
    fn refresh(&mut self, now: Instant) {
        let mounts = mounts::current();
        let mut places = sight::everywhere(&mounts, &self.exclusions, &self.stores, &self.folders);
        // A disk that was pulled out stays in the mount table until somebody unmounts it.
        places.retain(|place| place.mount.as_ref().is_none_or(presence::is_attached));
        for (_, spot) in self
            .spots
            .extract_if(.., |_, spot| !places.contains(&spot.place))
        {
            self.is_report_due |= spot.seen.is_some_and(|seen| seen.device.is_some());
            self.hearing.distrust();
        }
        for place in places {
            let key = (place.origin, place.path.clone());
            let rest = self.first_rest(&place);
            self.spots.entry(key).or_insert_with(|| Spot {
                place,
                seen: None,
                began: None,
                next: now,
                rest,
            });
        }
        self.listen(now);
    }

    fn first_rest(&self, place: &Place) -> Duration {
        // Disks tell of their changes, and need not be kept awake.
        let tells = place.origin == Origin::Mount
            && place
                .mount
                .as_ref()
                .is_some_and(|mount| !sight::is_silent(&mount.file_system));
        if tells {
            self.pace.rest_at_most.max(self.pace.look_every)
        } else {
            self.pace.look_every
        }
    }

    fn ask_for_stores(&mut self) {
        let gvfs: Vec<Mount> = places::gvfs_roots(&mounts::current())
            .into_iter()
            .cloned()
            .collect();
        if gvfs.is_empty() || self.are_stores_asked {
            return;
        }
        let (messages, waker) = self.outlet.clone();
        let ask = move || {
            let stores = gvfs.iter().flat_map(|mount| {
                places::mtp_stores(mount)
                    .into_iter()
                    .map(|path| (path, mount.clone()))
            });
            // Nobody listens any more once the watch has ended.
            let _ = messages.send(Message::Stores(stores.collect()));
            waker.wake();
        };
        self.are_stores_asked = std::thread::Builder::new()
            .name("mtp stores".to_owned())
            .spawn(ask)
            .is_ok();
    }

    fn take_hint(&mut self, hint: &Hint, now: Instant) {
        if hint.folders {
            self.hearing.distrust();
        }
        let concerned = |spot: &Spot| match (&hint.path, &spot.seen) {
            (Some(path), Some(seen)) => path.starts_with(root_of(&spot.place, seen)),
            _ => true,
        };
        for (key, _) in self.spots.iter().filter(|(_, spot)| concerned(spot)) {
            if !self.hinted.contains(key) {
                self.hinted.push(key.clone());
            }
        }
        let first = self.hints.map_or(now, |(first, _)| first);
        self.hints = Some((first, now));
    }

    fn hints_due(&self) -> Option<Instant> {
        let (first, last) = self.hints?;
        Some((last + self.pace.settle).min(first + self.pace.settle * MOST_QUIETS))
    }

    fn follow_hints(&mut self, now: Instant) {
        if self.hints_due().is_none_or(|due| due > now) {
            return;
        }
        self.hints = None;
        for key in std::mem::take(&mut self.hinted) {
            if let Some(spot) = self.spots.get_mut(&key) {
                spot.next = now;
                // What isn't a device may become one, but nobody waits for news of it.
                self.is_report_due |= spot.seen.as_ref().is_some_and(|seen| seen.device.is_some());
            }
        }
    }

    fn probe_due(&mut self, now: Instant) {
        for (key, spot) in &mut self.spots {
            if spot.next > now || spot.began.is_some() {
                continue;
            }
            let (messages, waker) = self.outlet.clone();
            let (key, place) = (key.clone(), spot.place.clone());
            let look = move || {
                let seen = Box::new(sight::probe(&place));
                // Nobody listens any more once the watch has ended.
                let _ = messages.send(Message::Seen {
                    key,
                    place: Box::new(place),
                    seen,
                });
                waker.wake();
            };
            let is_begun = std::thread::Builder::new()
                .name("look at device".to_owned())
                .spawn(look)
                .is_ok();
            spot.began = is_begun.then_some(now);
            spot.next = now + spot.rest;
        }
    }

    fn take_seen(&mut self, key: &Key, place: &Place, seen: Seen, now: Instant) {
        // A look at what was mounted there before says nothing about now.
        let Some(spot) = self.spots.get_mut(key).filter(|spot| spot.place == *place) else {
            return;
        };
        let was_asked_again = spot
            .began
            .is_some_and(|began| spot.next != began + spot.rest);
        spot.began = None;
        let is_new = spot
            .seen
            .as_ref()
            .is_none_or(|last| (&last.device, last.print) != (&seen.device, seen.print));
        let is_device =
            seen.device.is_some() || spot.seen.as_ref().is_some_and(|last| last.device.is_some());
        let longest = if seen.device.is_some() || key.0 == Origin::Folder {
            self.pace.rest_at_most
        } else {
            LONGEST_REST
        };
        spot.seen = Some(seen);
        let first = self.first_rest(place);
        let Some(spot) = self.spots.get_mut(key) else {
            return;
        };
        spot.rest = if is_new {
            first
        } else {
            (spot.rest * 2).min(longest.max(first))
        };
        if !was_asked_again {
            spot.next = now + spot.rest;
        }
        self.is_report_due |= is_new && is_device;
        self.listen(now);
    }

    /// Listens to the folders of all places; what changed before that is found by one more look.
    fn listen(&mut self, now: Instant) {
        let mut wanted = BTreeMap::new();
        for spot in self.spots.values() {
            let mount = spot.place.mount.as_ref().map_or(0, |mount| mount.id);
            let heard = spot.seen.iter().flat_map(|seen| &seen.heard);
            wanted.extend(heard.map(|folder| (folder.clone(), mount)));
        }
        let (messages, waker) = self.outlet.clone();
        let hint = move |hint| {
            // Nobody listens any more once the watch has ended.
            let _ = messages.send(Message::Hint(hint));
            waker.wake();
        };
        let new = self.hearing.listen(wanted, hint);
        for spot in self.spots.values_mut() {
            let Some(seen) = &spot.seen else { continue };
            if new
                .iter()
                .any(|folder| folder.starts_with(root_of(&spot.place, seen)))
            {
                spot.next = spot.next.min(now + self.pace.settle);
            }
        }
    }

    fn next_due(&self) -> Instant {
        let looks = self
            .spots
            .values()
            .filter(|spot| spot.began.is_none())
            .map(|spot| spot.next);
        let patience = self
            .spots
            .values()
            .filter(|_| self.is_report_due)
            .filter_map(|spot| spot.began)
            .map(|began| began + PATIENCE);
        let now = Instant::now();
        let patience = patience.filter(|end| *end > now);
        looks
            .chain(patience)
            .chain(self.hints_due())
            .fold(self.tick, Instant::min)
    }

    fn report(&mut self, now: Instant) {
        let is_looking = self
            .spots
            .values()
            .any(|spot| spot.began.is_some_and(|began| now < began + PATIENCE));
        if !self.is_report_due || is_looking {
            return;
        }
        self.is_report_due = false;
        let found = self.spots.iter().filter_map(|((origin, _), spot)| {
            Some((*origin, spot.seen.as_ref()?.device.as_ref()?))
        });
        (self.changed)(sight::assemble(found));
    }
}

/// Where a place really is: a folder may have been named through links.
fn root_of<'a>(place: &'a Place, seen: &'a Seen) -> &'a Path {
    seen.device
        .as_ref()
        .map_or(&place.path, |device| &device.root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_repeated_soon_when_mounts_change_meanwhile() {
        let (waker, _waiter) = crate::signal::pair().unwrap();
        let (messages, _inbox) = std::sync::mpsc::channel();
        let pace = Pace::default();
        let mut lookout = Lookout::new(
            pace,
            Exclusions::default(),
            Vec::new(),
            (messages, waker),
            Box::new(|_| {}),
        );
        let place = Place {
            origin: Origin::Folder,
            path: "/nowhere".into(),
            mount: None,
        };
        let key = (place.origin, place.path.clone());
        let now = Instant::now();
        for do_mounts_change in [false, true] {
            let spot = Spot {
                place: place.clone(),
                seen: None,
                began: Some(now),
                next: now + pace.look_every,
                rest: pace.look_every,
            };
            lookout.spots.insert(key.clone(), spot);
            if do_mounts_change {
                lookout.doubt_looks(now);
            }
            lookout.take_seen(&key, &place, Seen::default(), now);
            let is_soon = lookout.spots[&key].next <= now + pace.settle;
            assert_eq!(is_soon, do_mounts_change);
        }
    }
}
