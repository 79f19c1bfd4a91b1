//! One service's lane: its client, who is signed in, and what is on the way. At most one upload at a time.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use library::{AccountId, UploadId};
use service::{Client, RemoteActivity, ServiceId, Settings};
use tokio::sync::watch;

use crate::schedule::list_serves;
use crate::view::Problem;

/// What runs for one service.
pub(crate) struct Lane {
    pub(crate) service: ServiceId,
    pub(crate) settings: Settings,
    pub(crate) client: Arc<Client>,
    /// Who is signed in.
    pub(crate) account: Option<AccountId>,
    /// The upload on its way, and how much of it has left.
    pub(crate) sending: Option<(UploadId, f64)>,
    /// Processing uploads that are being asked about.
    pub(crate) polling: HashSet<UploadId>,
    /// Uploads with a request of before the last sign-in: that it was refused says nothing of this one.
    pub(crate) of_before: HashSet<UploadId>,
    /// The service's list is being read.
    pub(crate) listing: bool,
    /// Counts its clients and sign-ins: what one of before has heard, at another address perhaps, is not what the service says now.
    pub(crate) generation: u32,
    /// What the service had when its list was last read in this run, and when that came.
    pub(crate) list: Option<(Timestamp, Vec<RemoteActivity>)>,
    /// A sign-in that is under way, until it is decided on and its tokens are where they belong.
    pub(crate) signing_in: Option<SigningIn>,
    pub(crate) signing_out: bool,
    pub(crate) secret: ClientSecret,
    /// Why the last sign-in or sign-out did not work.
    pub(crate) problem: Option<Problem>,
}

/// A sign-in that is under way.
pub(crate) struct SigningIn {
    /// Sending `true` gives it up.
    pub(crate) give_up: watch::Sender<bool>,
    /// Who has its tokens: the lane may have another client since, as settings can be saved meanwhile.
    pub(crate) client: Arc<Client>,
}

/// What is known of the client secret.
pub(crate) enum ClientSecret {
    /// It was not looked for yet.
    Unknown,
    /// The secret store did not tell, for this reason, so many times in a row; it is asked once more then. One that asks a person
    /// for a password is not asked by the clock.
    Unreadable {
        why: Problem,
        times: u32,
        ask_at: Option<Instant>,
        is_asked: bool,
    },
    Stored,
    Missing,
}

impl Lane {
    pub(crate) fn new(
        service: ServiceId,
        settings: Settings,
        client: Arc<Client>,
        account: Option<AccountId>,
    ) -> Self {
        Self {
            service,
            settings,
            client,
            account,
            sending: None,
            polling: HashSet::new(),
            of_before: HashSet::new(),
            listing: false,
            generation: 0,
            list: None,
            signing_in: None,
            signing_out: false,
            secret: ClientSecret::Unknown,
            problem: None,
        }
    }

    /// A sign-in is under way. The receiver tells when it is given up.
    pub(crate) fn begin_sign_in(&mut self) -> watch::Receiver<bool> {
        let (give_up, given_up) = watch::channel(false);
        let client = Arc::clone(&self.client);
        self.signing_in = Some(SigningIn { give_up, client });
        self.problem = None;
        given_up
    }

    /// An upload is on its way. What comes of it nobody has looked at yet.
    pub(crate) fn begin(&mut self, upload: UploadId) {
        self.of_before.remove(&upload);
        self.sending = Some((upload, 0.0));
    }

    /// A processing upload is about to be asked about; false: it is already.
    pub(crate) fn begin_poll(&mut self, upload: UploadId) -> bool {
        let is_new = self.polling.insert(upload);
        if is_new {
            self.of_before.remove(&upload);
        }
        is_new
    }

    /// Somebody has signed in. What is under way, and of what an answer is still to be written down, was asked before that.
    pub(crate) fn let_in(&mut self, account: AccountId, unsettled: HashSet<UploadId>) {
        let sending = self.sending.map(|(upload, _)| upload);
        self.account = Some(account);
        self.of_before = unsettled;
        self.of_before.extend(self.polling.iter().chain(&sending));
        self.begin_anew();
    }

    /// Another client, or another sign-in: a list of before is not waited for.
    pub(crate) fn begin_anew(&mut self) {
        (self.listing, self.generation) = (false, self.generation.wrapping_add(1));
        self.forget();
    }

    /// Whether the service's list must be read before the next upload.
    pub(crate) fn lacks_list(&self, now: Timestamp) -> bool {
        let serves = |(came_at, _): &(Timestamp, _)| list_serves(*came_at, now);
        self.client.can_list() && !self.list.as_ref().is_some_and(serves)
    }

    /// Whether it waits for an answer from outside.
    pub(crate) fn is_busy(&self) -> bool {
        self.is_on_the_line() || self.signing_in.is_some() || self.signing_out
    }

    /// Whether a request of an upload is under way.
    pub(crate) fn is_on_the_line(&self) -> bool {
        self.sending.is_some() || !self.polling.is_empty() || self.listing
    }

    /// Whether nothing may be begun: nobody is signed in, or who that is may be changing.
    pub(crate) fn is_closed(&self) -> bool {
        self.account.is_none() || self.signing_in.is_some() || self.signing_out
    }

    /// What is still missing before one can sign in, in words.
    pub(crate) fn missing(&self) -> Vec<String> {
        let mut missing = self.settings.missing();
        if self.settings.wants_secret() && matches!(self.secret, ClientSecret::Missing) {
            missing.push("the client secret".to_owned());
        }
        missing
    }

    /// What is wrong that can be put right at its account.
    pub(crate) fn problem(&self) -> Option<&Problem> {
        match (&self.problem, &self.secret) {
            // Without an account nobody needs the secret store yet; a sign-in says it again.
            (None, ClientSecret::Unreadable { why, .. }) if self.account.is_some() => Some(why),
            (problem, _) => problem.as_ref(),
        }
    }

    /// Nothing that was learnt of one account holds for the next.
    pub(crate) fn forget(&mut self) {
        self.list = None;
    }
}
