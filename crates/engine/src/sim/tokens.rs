//! The sign-ins of the services: what they give, take back and refuse.

use serde_json::{Value, json};
use service::{Carried, Reply, ServiceId};

use super::fate::Asked;
use super::model::{form, reply};
use super::services::Services;

impl Services {
    /// Somebody signs in: new tokens, which the program stores by itself.
    pub(super) fn sign_in(&self, id: ServiceId) {
        let text = self.with(id, |model| {
            model.grant(self.now_ms());
            json!({"access_token": model.access, "refresh_token": model.refresh, "expires_at": null, "scopes": []}).to_string()
        });
        self.store.put(&format!("account:{}", id.name()), &text);
    }

    /// The program knows of the sign-in.
    pub(super) fn is_signed_in(&self, id: ServiceId) {
        self.with(id, |model| {
            // An answer that is still on its way may end it again.
            model.may_want_sign_in = model.under_way > 0;
        });
    }

    /// The athlete signs out: when that cannot be written down, the program asks for a sign-in afterwards.
    pub(super) fn signs_out(&self, id: ServiceId) {
        self.with(id, |model| model.may_want_sign_in = true);
    }

    /// The access token ends before its time; or both do, because the athlete says so on the service's page.
    pub(super) fn end_tokens(&self, id: ServiceId, both: bool) {
        self.with(id, |model| {
            model.expires_ms = 0;
            // A request that is on its way may have been refused once already.
            model.may_want_sign_in |= both || model.under_way > 0;
            if both {
                model.refresh = "revoked".into();
            }
        });
    }

    /// Whether the program may ask for a sign-in: nothing that would cost one was said or done since the last.
    pub(super) fn may_want_sign_in(&self, id: ServiceId) -> bool {
        self.with(id, |model| model.may_want_sign_in)
    }

    /// A token was not accepted: once is what a renewal is for, and twice in one task may be the end of the sign-in.
    pub(super) fn refused(&self, id: ServiceId, asked: Asked, reply: &Reply) {
        if reply.status == 401 && !matches!(asked, Asked::Tokens | Asked::SignOut) {
            let is_first = self.notes.lock().unwrap().refused.insert(tokio::task::id());
            self.with(id, |model| model.may_want_sign_in |= !is_first);
        }
    }

    /// New tokens have reached the client: those before must not be shown again.
    pub(super) fn delivered(&self, id: ServiceId, request: &Carried, reply: &Reply) {
        // What a locked keyring does not take is lost when the program dies, and costs a sign-in.
        let json: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let is_told = reply.status == 200 && json["access_token"].is_string();
        let is_replaced = json["refresh_token"].is_string();
        if is_told && !self.store.is_closed() && request.url.path().ends_with("/oauth/token") {
            let form = form(&request.body);
            self.trace(format!("{} has new tokens for {form:?}", id.name()));
            if let Some(token) = form.get("refresh_token").filter(|_| is_replaced) {
                self.with(id, |model| model.replaced.insert(token.clone()));
            }
        }
    }

    pub(super) fn renew(&self, id: ServiceId, request: &Carried) -> Reply {
        let form = form(&request.body);
        let shown = form.get("refresh_token").cloned().unwrap_or_default();
        let now = self.now_ms();
        self.trace(format!("{} is shown {shown}", id.name()));
        let reused = self.with(id, |model| model.replaced.contains(&shown));
        if reused {
            self.violated(format!(
                "{}: a used refresh token was shown again",
                id.name()
            ));
        }
        self.with(id, |model| {
            if shown != model.refresh {
                model.may_want_sign_in = true;
                return reply(400, &json!({"error": "invalid_grant"}));
            }
            model.renew(now)
        })
    }
}

/// The access token that a request shows.
pub(super) fn token_of(request: &Carried) -> Option<&str> {
    let value = request.headers.get("authorization")?.to_str().ok()?;
    value.strip_prefix("Bearer ")
}
