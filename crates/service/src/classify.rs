//! What an answer means. Pure: a table of rules from the descriptor, an answer, and the time it came.
//!
//! The classes are those of the one classification for both services; a service's own error code decides before the
//! status does, because no document says which status comes with which code.

use jiff::Timestamp;
use serde_json::Value;

use crate::answer::{Answer, clean, text_at, words};
use crate::descriptor::ResponseRules;
use crate::list::Progress;
use crate::outcome::Outcome;

/// What an answer means for the one who asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// That is it.
    Is(Outcome),
    /// The access token is not accepted: refresh once, ask once more.
    Token,
    /// This answer does not tell; the list may.
    AskList {
        /// The service said that it has no such activity.
        gone: bool,
    },
}

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A file was sent: an unclear answer may mean that it was taken.
    Upload,
    /// Only something was read: an unclear answer does no harm.
    Look,
}

/// What an answer to an upload means.
pub(crate) fn upload(rules: &ResponseRules, answer: &Answer, now: Timestamp) -> Verdict {
    let json = answer.json();
    let json = json.as_ref();
    let code = text_at(json, &rules.error_code);
    if let Some(verdict) = trouble(rules, answer, json, code.as_deref(), Asked::Upload, now) {
        return verdict;
    }
    let said_existing = duplicate(text_at(json, &rules.duplicate_in).as_deref(), rules);
    let id = answer.id(json, &rules.id);
    if answer.is_success() {
        return Verdict::Is(match id {
            _ if said_existing && (id.is_some() || code.is_some()) => Outcome::Existing { id },
            Some(id) if rules.ok.contains(&answer.status) => accepted(rules, answer, json, id),
            _ => Outcome::Unknown("its answer names no activity".into()),
        });
    }
    if rules.duplicate_http.contains(&answer.status)
        || (said_existing && code.is_some() && !rules.synchronous)
    {
        let details = ["/detail/id", "/detail/activity_id"].map(str::to_owned);
        return Verdict::Is(Outcome::Existing {
            id: answer.id(json, &details).or(id),
        });
    }
    Verdict::Is(refusal(rules, answer, json, code.as_deref()))
}

/// What an answer to an upload means at a service whose list tells what it has: there nothing that leaves it open whether the
/// file was taken counts as if it was not. A gateway says 503 for a server that fell over while it worked on the file, with or
/// without a time; and 301 to 303 are what a page answers to a form that it has taken (RFC 9110 §15.4). A service without a
/// list recognises what it already has, so that there the file is sent again.
pub(crate) fn upload_where_a_list_tells(
    rules: &ResponseRules,
    answer: &Answer,
    now: Timestamp,
) -> Verdict {
    match upload(rules, answer, now) {
        Verdict::Is(Outcome::Throttled { after, what, .. }) if answer.status == 503 => {
            Verdict::Is(Outcome::Throttled {
                after,
                perhaps_taken: true,
                what,
            })
        }
        Verdict::Is(Outcome::Blocked(what)) if (301..=303).contains(&answer.status) => {
            Verdict::Is(Outcome::Unknown(what))
        }
        verdict => verdict,
    }
}

/// What an answer to a look at one upload means.
pub(crate) fn poll(rules: &ResponseRules, answer: &Answer, id: &str, now: Timestamp) -> Verdict {
    let json = answer.json();
    let json = json.as_ref();
    let code = text_at(json, &rules.error_code);
    if !rules.not_ready_code.is_empty() && code.as_deref() == Some(rules.not_ready_code.as_str()) {
        // It may say with it that it never will be.
        let status = text_at(json, &rules.status);
        return Verdict::Is(match by_status(rules, status.as_deref(), id.to_owned()) {
            failed @ Outcome::Refused(_) => failed,
            _ => Outcome::Processing { id: id.to_owned() },
        });
    }
    if let Some(verdict) = trouble(rules, answer, json, code.as_deref(), Asked::Look, now) {
        return verdict;
    }
    match (answer.status, &code) {
        // The documented detail has neither id nor status: that it is given is the sign that it is ready.
        (200, None) if json.is_some() => Verdict::Is(match text_at(json, &rules.status) {
            Some(_) => accepted(rules, answer, json, id.to_owned()),
            None => created(rules, id.to_owned()),
        }),
        (202, None) => Verdict::Is(Outcome::Processing { id: id.to_owned() }),
        (status, code) => Verdict::AskList {
            gone: status == 404 || status == 410 || code.as_deref() == Some("not_found"),
        },
    }
}

/// What an answer to a reading request means when it is not what was asked for.
pub(crate) fn failed_look(rules: &ResponseRules, answer: &Answer, now: Timestamp) -> Verdict {
    let json = answer.json();
    let code = text_at(json.as_ref(), &rules.error_code);
    if let Some(verdict) = trouble(
        rules,
        answer,
        json.as_ref(),
        code.as_deref(),
        Asked::Look,
        now,
    ) {
        return verdict;
    }
    let said = words(answer, json.as_ref(), code.as_deref(), &rules.error_text);
    Verdict::Is(if answer.is_success() {
        Outcome::transient("it did not answer in the way its document says")
    } else if said.is_empty() {
        Outcome::Blocked("it does not answer at this address".into())
    } else {
        Outcome::Blocked(said)
    })
}

/// A status word for an activity that has this id.
pub(crate) fn by_status(rules: &ResponseRules, status: Option<&str>, id: String) -> Outcome {
    let is_one_of = |words: &[String], word: &str| {
        let mut words = words.iter();
        words.any(|one| one.to_lowercase() == word)
    };
    let is_like = |words: &[String], word: &str| {
        let mut words = words.iter();
        words.any(|one| word.contains(&one.to_lowercase()))
    };
    match status.map(str::to_lowercase) {
        Some(word) if is_one_of(&rules.ready, &word) => created(rules, id),
        Some(word) if is_like(&rules.failed, &word) => {
            Outcome::Refused(format!("it could not use the file ({})", clean(&word)))
        }
        _ => Outcome::Processing { id },
    }
}

/// How far the service is with a file of which its list says this; a list that says nothing shows what there is.
pub(crate) fn progress(rules: &ResponseRules, status: Option<&str>) -> Progress {
    match status.map(|word| by_status(rules, Some(word), String::new())) {
        Some(Outcome::Refused(_)) => Progress::Failed,
        Some(Outcome::Processing { .. }) => Progress::Working,
        _ => Progress::Done,
    }
}

/// Whether an answer says that the access token is not accepted.
pub(crate) fn refuses_token(rules: &ResponseRules, answer: &Answer) -> bool {
    let code = text_at(answer.json().as_ref(), &rules.error_code);
    let said = |codes: &[String]| {
        code.as_ref()
            .is_some_and(|code| codes.iter().any(|one| one.eq_ignore_ascii_case(code)))
    };
    let client_side = (400..500).contains(&answer.status);
    client_side && !said(&rules.scope_codes) && (answer.status == 401 || said(&rules.token_codes))
}

/// What any request may meet: token, scope, throttling, trouble on the server's side, a redirect.
fn trouble(
    rules: &ResponseRules,
    answer: &Answer,
    json: Option<&Value>,
    code: Option<&str>,
    asked: Asked,
    now: Timestamp,
) -> Option<Verdict> {
    let said = |codes: &[String]| {
        code.is_some_and(|code| codes.iter().any(|one| one.eq_ignore_ascii_case(code)))
    };
    let client_side = (400..500).contains(&answer.status);
    let outcome = match answer.status {
        _ if client_side && said(&rules.scope_codes) => Outcome::NeedsScope("the sign-in does not allow it".into()),
        _ if refuses_token(rules, answer) => return Some(Verdict::Token),
        429 | 503 => Outcome::Throttled { after: answer.wait(now), perhaps_taken: false, what: words(answer, json, code, &rules.error_text) },
        408 | 425 => Outcome::transient("it did not wait for the request"),
        500..600 if asked == Asked::Upload => match answer.wait(now) {
            None => Outcome::Unknown("it has an internal problem".into()),
            after => Outcome::Throttled { after, perhaps_taken: true, what: "it has an internal problem".into() },
        },
        500..600 => Outcome::Transient { what: "it has an internal problem".into(), after: answer.wait(now) },
        300..=399 => Outcome::Blocked("it points to another address, which is not followed; check the address in the settings".into()),
        _ => return None,
    };
    Some(Verdict::Is(outcome))
}

/// A 4xx that is none of the troubles: this file's fault, or a block of the client.
fn refusal(
    rules: &ResponseRules,
    answer: &Answer,
    json: Option<&Value>,
    code: Option<&str>,
) -> Outcome {
    let said = words(answer, json, code, &rules.error_text);
    let invalid = code.is_some_and(|code| code.to_lowercase().starts_with("invalid_"));
    let with_code = rules.error_code.iter().any(|pointer| {
        json.and_then(|json| json.pointer(pointer))
            .is_some_and(|value| !value.is_null())
    });
    let refused = match answer.status {
        403 => with_code && (rules.forbidden_is_refusal || invalid),
        // Without the service's own error this is not the service: a wrong address, not a bad file.
        404 => with_code && rules.permanent_http.contains(&404),
        status => rules.permanent_http.contains(&status) || invalid,
    };
    if refused {
        return Outcome::Refused(if said.is_empty() {
            unexplained(answer.status).into()
        } else {
            said
        });
    }
    Outcome::Blocked(match answer.status {
        403 if !with_code => "its front door lets this program pass no more".into(),
        404 if !with_code => {
            "there is nothing at its address; check the address in the settings".into()
        }
        _ if said.is_empty() => unexplained(answer.status).into(),
        _ => said,
    })
}

/// A refusal without a word, as far as its number has a meaning for people.
fn unexplained(status: u16) -> &'static str {
    match status {
        413 => "the file is too large",
        415 => "it does not take this kind of file",
        _ => "it gave no reason",
    }
}

/// A 2xx with an id.
fn accepted(rules: &ResponseRules, answer: &Answer, json: Option<&Value>, id: String) -> Outcome {
    if rules.synchronous {
        return created(rules, id);
    }
    match by_status(rules, text_at(json, &rules.status).as_deref(), id) {
        Outcome::Refused(said) => {
            let own = words(answer, json, None, &rules.error_text);
            Outcome::Refused(if own.is_empty() { said } else { own })
        }
        other => other,
    }
}

fn created(rules: &ResponseRules, id: String) -> Outcome {
    let plain = id
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    let link = (plain && !rules.link.is_empty()).then(|| rules.link.replace("{id}", &id));
    Outcome::Created { id, link }
}

/// Whether a text says that the service has it already. "does not exist" says the opposite.
fn duplicate(text: Option<&str>, rules: &ResponseRules) -> bool {
    let Some(text) = text else { return false };
    let text = text.to_lowercase().replace(['_', '-'], " ");
    let denied = [
        "not exist",
        "n't exist",
        "nonexist",
        "non exist",
        "no longer exist",
    ]
    .iter()
    .any(|no| text.contains(no));
    !denied
        && rules
            .duplicate_words
            .iter()
            .any(|word| text.contains(&word.replace(['_', '-'], " ")))
}

#[cfg(test)]
#[path = "classify_tests.rs"]
mod tests;
