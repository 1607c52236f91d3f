//! The two sides of a demande: SoWell causes its creation, the CRM changes its status.

use std::net::SocketAddr;
use std::thread;
use std::time::Instant;

use serde_json::{Value, json};

use super::daemon::{CRM, SOWELL};
use super::partner::Partner;
use super::payload::{Payload, fresh};
use super::report::Latencies;
use super::requests::{Connection, Head};
use super::wait;

/// Number of concurrent events while an outbox is filled.
const TELLERS: usize = 16;

/// Creates this many demandes from such signalements and returns their UIDs.
pub fn demandes(address: SocketAddr, payload: &Payload, count: usize) -> Vec<String> {
    let head = Head::new("POST", "/api/v1/signalements", SOWELL);
    let mut connection = Connection::open(address).unwrap();
    let mut create = || {
        let answer = connection.call(&head, &payload.body(&fresh())).unwrap();
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        let uid = body["uid"].as_str();
        uid.unwrap_or_else(|| panic!("{body}")).to_owned()
    };
    (0..count).map(|_| create()).collect()
}

/// The CRM, with one connection.
pub struct Crm(Connection);

impl Crm {
    /// Connects.
    pub fn open(address: SocketAddr) -> Self {
        Self(Connection::open(address).unwrap())
    }

    /// Changes the status of a demande; the event's name is also its commentaire.
    pub fn change(&mut self, uid: &str, event: &str) {
        let head = Head::new("POST", &format!("/api/v1/demandes/{uid}/statut"), CRM);
        let body = json!({"statut": "Vivest en cours", "evenement": event, "commentaire": event});
        let answer = self.0.call(&head, &body.to_string()).unwrap();
        let said = String::from_utf8_lossy(&answer.body);
        assert_eq!(answer.status, 202, "{said}");
    }
}

/// Changes the status of each demande in turn, this many times in total.
pub fn change_all(address: SocketAddr, uids: &[String], events: usize) {
    let some = |first: usize| {
        let mut crm = Crm::open(address);
        for event in (first..events).step_by(TELLERS) {
            crm.change(&uids[event % uids.len()], &event.to_string());
        }
    };
    thread::scope(|scope| {
        for first in 0..TELLERS {
            scope.spawn(move || some(first));
        }
    });
}

/// How long a status takes to reach SoWell, from just before the CRM sends it until SoWell has received it
/// completely: this many events, one at a time, alternating between these demandes.
pub fn time_to_receipt(
    address: SocketAddr,
    partner: &Partner,
    uids: &[String],
    events: usize,
) -> Latencies {
    let mut crm = Crm::open(address);
    let mut one = |number: usize| {
        let event = format!("{} {number}", fresh());
        let begin = Instant::now();
        crm.change(&uids[number % uids.len()], &event);
        let receipt = partner.next();
        assert_eq!(
            receipt.commentaire, event,
            "deliveries that nobody waits for"
        );
        // Until its answer has arrived and been recorded.
        wait(super::partner::ANSWER * 2);
        receipt.at.duration_since(begin)
    };
    (0..events).map(&mut one).collect()
}
