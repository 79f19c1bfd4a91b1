//! Faults on demand: what they are, which request they hit. It knows neither sockets nor the services' answers.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::endpoint::{Endpoint, ServiceName};

/// A fault waiting for the requests that it is meant for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// Only requests to this service; none: both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceName>,
    /// Only requests to this endpoint (a name of [`crate::ENDPOINTS`]); none: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// How many requests it still hits; none: for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// Chance from 0 to 1 that it hits a request it is meant for; none: always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// How many requests it lets pass before the first hit.
    #[serde(default)]
    pub skip: u32,
    /// What happens.
    #[serde(flatten)]
    pub harm: Harm,
}

impl Fault {
    /// A fault that hits the next request to this endpoint, once.
    #[must_use]
    pub fn once(service: ServiceName, endpoint: &str, harm: Harm) -> Fault {
        Fault {
            service: Some(service),
            endpoint: Some(endpoint.to_owned()),
            times: Some(1),
            probability: None,
            skip: 0,
            harm,
        }
    }

    /// The same fault for this many requests.
    #[must_use]
    pub fn times(self, times: u32) -> Fault {
        Fault {
            times: Some(times),
            ..self
        }
    }

    /// The same fault for every request from now on.
    #[must_use]
    pub fn always(self) -> Fault {
        Fault {
            times: None,
            ..self
        }
    }

    fn is_meant_for(&self, endpoint: Endpoint) -> bool {
        self.service
            .is_none_or(|service| service == endpoint.service)
            && self
                .endpoint
                .as_deref()
                .is_none_or(|name| name == endpoint.name)
    }
}

/// What a fault does to a request. In JSON: `{"fault": "slow", "ms": 500}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Harm {
    /// The request is read, waits this long, and is then handled. Goes together with any other fault.
    Slow {
        /// Milliseconds.
        ms: u64,
    },
    /// This HTTP status instead of being handled; nothing is kept.
    Status {
        /// HTTP status.
        status: u16,
        /// `Retry-After`, in seconds.
        #[serde(default)]
        retry_after_s: Option<u32>,
        /// Says `Retry-After` as an HTTP date instead of seconds.
        #[serde(default)]
        retry_after_date: bool,
        /// JSON to answer with; none: the service's own kind of error page.
        #[serde(default)]
        body: Option<Value>,
    },
    /// The connection is reset after this many bytes of the body; nothing is kept.
    CutRequest {
        /// Bytes of the request's body that are read first.
        #[serde(default)]
        after_bytes: usize,
    },
    /// The request is read whole, nothing is kept, the connection is reset without an answer.
    Cut,
    /// The request is handled and kept; the connection is reset without an answer.
    Lost,
    /// The request is handled and kept; the connection ends in the middle of the answer.
    CutAnswer,
    /// No answer until the client gives up.
    Hang {
        /// Whether the request is handled and kept first.
        #[serde(default)]
        kept: bool,
    },
    /// A page of HTML with status 200 instead of JSON.
    Html {
        /// Whether the request is handled and kept first.
        #[serde(default)]
        kept: bool,
        /// HTTP status of the page.
        #[serde(default = "ok")]
        status: u16,
    },
    /// The request is handled and kept; the answer is an OAuth error that repeats all of it, with its `Authorization`.
    Echo {
        /// HTTP status.
        status: u16,
    },
    /// The request is handled and kept; its answer has another shape.
    Reshape {
        /// The shape.
        shape: Shape,
    },
    /// A Trek Point activity created now is processed for a while, or for ever. Goes together with any other fault.
    Processing {
        /// Milliseconds; none: for ever.
        #[serde(default)]
        ms: Option<u64>,
        /// The status it has in the end, when it is not `ready`.
        #[serde(default)]
        then: Option<String>,
    },
    /// Tokens issued now live only this long.
    ExpiresIn {
        /// Seconds.
        seconds: i64,
    },
}

impl Harm {
    /// Whether another fault may happen to the same request.
    pub(crate) fn goes_together(&self) -> bool {
        matches!(self, Harm::Slow { .. } | Harm::Processing { .. })
    }
}

fn ok() -> u16 {
    200
}

/// Other shapes of an answer that says what was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// No id at all.
    WithoutId,
    /// An empty string as id.
    EmptyId,
    /// The id as a string.
    StringId,
    /// All of it below `activity`.
    Nested,
    /// Status 202, an empty object, and the id only in `Location`.
    Location,
}

/// Takes the faults that hit this request, counting them down: every `slow`, and the first of the others.
/// `chance` gives a number from 0 to 1.
pub(crate) fn take(
    faults: &mut Vec<Fault>,
    endpoint: Endpoint,
    mut chance: impl FnMut() -> f64,
) -> Vec<Harm> {
    let mut taken: Vec<Harm> = Vec::new();
    for fault in faults
        .iter_mut()
        .filter(|fault| fault.is_meant_for(endpoint))
    {
        let in_the_way = |other: &Harm| match fault.harm {
            Harm::Slow { .. } => false,
            Harm::Processing { .. } => matches!(other, Harm::Processing { .. }),
            _ => !other.goes_together(),
        };
        if taken.iter().any(in_the_way) {
            continue;
        }
        if fault.skip > 0 {
            fault.skip -= 1;
            continue;
        }
        if fault.times == Some(0) || fault.probability.is_some_and(|limit| chance() >= limit) {
            continue;
        }
        fault.times = fault.times.map(|times| times - 1);
        taken.push(fault.harm.clone());
    }
    faults.retain(|fault| fault.times != Some(0));
    taken
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::ServiceName::{MapMyTracks, TrekPoint};

    const UPLOAD: Endpoint = Endpoint {
        service: MapMyTracks,
        name: "uploadActivity",
    };

    #[track_caller]
    fn check(faults: &mut Vec<Fault>, chance: f64, expected: &[Harm]) {
        assert_eq!(take(faults, UPLOAD, || chance), expected);
    }

    #[test]
    fn each_request_takes_what_is_meant_for_it() {
        let slow = Harm::Slow { ms: 5 };
        let mut faults = vec![
            Fault::once(TrekPoint, "uploadActivity", Harm::Cut),
            Fault::once(MapMyTracks, "token", Harm::Cut),
            Fault::once(MapMyTracks, "uploadActivity", Harm::Lost),
            Fault::once(MapMyTracks, "uploadActivity", slow.clone()).times(2),
            Fault::once(MapMyTracks, "uploadActivity", Harm::Cut),
        ];
        check(&mut faults, 0.0, &[Harm::Lost, slow.clone()]);
        check(&mut faults, 0.0, &[slow, Harm::Cut]);
        check(&mut faults, 0.0, &[]);
        assert_eq!(faults.len(), 2);
    }

    #[test]
    fn what_is_processed_may_meet_another_fault() {
        let works = |ms| Harm::Processing {
            ms: Some(ms),
            then: None,
        };
        let all = [works(1), Harm::Lost, works(2), Harm::Cut];
        let faults = all.map(|harm| Fault::once(MapMyTracks, "uploadActivity", harm));
        let mut faults = Vec::from(faults);
        check(&mut faults, 0.0, &[works(1), Harm::Lost]);
        check(&mut faults, 0.0, &[works(2), Harm::Cut]);
        assert_eq!(faults, []);
    }

    #[test]
    fn chance_and_skip() {
        let any = Fault {
            service: None,
            endpoint: None,
            times: None,
            probability: Some(0.5),
            skip: 1,
            harm: Harm::Cut,
        };
        let mut faults = vec![any];
        check(&mut faults, 0.0, &[]);
        check(&mut faults, 0.6, &[]);
        check(&mut faults, 0.4, &[Harm::Cut]);
    }

    #[test]
    fn the_json_reads_as_documented() {
        let json = r#"{"service":"trek-point","endpoint":"activities.create","times":2,"fault":"status","status":429,"retry_after_s":2}"#;
        let fault: Fault = serde_json::from_str(json).unwrap();
        let status = Harm::Status {
            status: 429,
            retry_after_s: Some(2),
            retry_after_date: false,
            body: None,
        };
        assert_eq!(
            fault,
            Fault::once(TrekPoint, "activities.create", status).times(2)
        );
    }
}
