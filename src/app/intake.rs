//! The flows that a signalement passes through, put together of their parts.

use std::sync::Arc;
use std::time::Duration;

use super::open::open_files;
use crate::adapters::clock::SystemClock;
use crate::adapters::crm::embedded::EmbeddedCrm;
use crate::adapters::crm::rest::RestCrm;
use crate::adapters::http::render_created;
use crate::adapters::sowell::SowellHttp;
use crate::adapters::submission;
use crate::domain::ports::{Clock, Crm, Files, Sowell, Store};
use crate::flows::creation::{Calls, Creations, LostPhotos};
use crate::flows::crm_watch::CrmWatch;
use crate::flows::hint::{Hint, Nudge};
use crate::flows::in_hand::InHand;
use crate::flows::inbound::{Inbound, PATIENCE};
use crate::flows::managers::{ManagerCache, Managers};
use crate::flows::outbound::Outbound;
use crate::flows::poll::Poll;
use crate::flows::replica::Presence;
use crate::flows::rules::Rules;
use crate::flows::set_back::SetBack;
use crate::flows::sweep::Sweep;
use crate::settings::{CrmKind, InForce, Settings};
use tokio_util::task::TaskTracker;

/// What the inbound flow is made of.
pub(super) struct Intake {
    pub(super) store: Arc<dyn Store>,
    pub(super) files: Arc<dyn Files>,
    pub(super) crm: Arc<dyn Crm>,
    pub(super) sowell: Arc<dyn Sowell>,
    pub(super) rules: Arc<dyn Rules>,
    pub(super) in_force: InForce,
    pub(super) outbox: Hint,
    pub(super) clock: Arc<dyn Clock>,
}

impl Intake {
    pub(super) fn open(self, patience: Duration) -> Inbound {
        let clock = self.clock;
        let watch = Arc::<CrmWatch>::default();
        let managers = Arc::new(Managers {
            crm: Arc::clone(&self.crm),
            clock: Arc::clone(&clock),
            in_force: self.in_force.clone(),
            watch: Arc::clone(&watch),
            known: ManagerCache::default(),
        });
        let outbound = Outbound {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&clock),
            rules: Arc::clone(&self.rules),
            read_stored: submission::stored_signalement,
            outbox: self.outbox.clone(),
            managers: Arc::clone(&managers),
        };
        let creations = Creations {
            store: Arc::clone(&self.store),
            crm: self.crm,
            sowell: self.sowell,
            clock: Arc::clone(&clock),
            rules: Arc::clone(&self.rules),
            in_force: self.in_force,
            render: render_created,
            read_stored: submission::stored_signalement,
            outbound: Arc::new(outbound),
            outbox: self.outbox.clone(),
            pending: Nudge::default(),
            in_hand: InHand::default(),
            calls: Calls::default(),
            photos: LostPhotos::default(),
            unwritten: TaskTracker::new(),
            watch,
            managers,
        };
        Inbound {
            store: self.store,
            files: self.files,
            clock,
            rules: self.rules,
            creations: Arc::new(creations),
            outbox: self.outbox,
            patience,
        }
    }
}

pub(super) fn sweep(
    store: &Arc<dyn Store>,
    files: &Arc<dyn Files>,
    clock: &Arc<dyn Clock>,
) -> Sweep {
    Sweep {
        store: Arc::clone(store),
        files: Arc::clone(files),
        clock: Arc::clone(clock),
    }
}

/// This daemon among the replicas, on the same parts.
pub(super) fn presence(id: String, creations: &Creations, outbox: Hint) -> Presence {
    Presence {
        id,
        store: Arc::clone(&creations.store),
        clock: Arc::clone(&creations.clock),
        rules: Arc::clone(&creations.rules),
        outbox,
    }
}

/// The poller on the same parts.
pub(super) fn poll(creations: &Creations) -> Poll {
    Poll {
        store: Arc::clone(&creations.store),
        crm: Arc::clone(&creations.crm),
        clock: Arc::clone(&creations.clock),
        outbound: Arc::clone(&creations.outbound),
        in_force: creations.in_force.clone(),
        watch: Arc::clone(&creations.watch),
    }
}

/// Who watches the clock that the same parts go by.
pub(super) fn set_back(creations: &Creations) -> SetBack {
    SetBack {
        store: Arc::clone(&creations.store),
        clock: Arc::clone(&creations.clock),
        in_force: creations.in_force.clone(),
    }
}

/// The inbound flow on its own, for the command line.
///
/// # Errors
/// When the place of photos cannot be used.
pub fn inbound(
    settings: &Settings,
    store: &Arc<dyn Store>,
    rules: Arc<dyn Rules>,
) -> anyhow::Result<Inbound> {
    let in_force = InForce::new(settings);
    let files = open_files(settings)?;
    let intake = Intake {
        store: Arc::clone(store),
        crm: open_crm(settings, &in_force, &rules, &files),
        sowell: Arc::new(SowellHttp::new(in_force.clone(), rules.clone())),
        files,
        rules,
        in_force,
        outbox: Hint::default(),
        clock: Arc::new(SystemClock),
    };
    Ok(intake.open(PATIENCE))
}

/// The CRM that the settings name.
pub(super) fn open_crm(
    settings: &Settings,
    in_force: &InForce,
    rules: &Arc<dyn Rules>,
    files: &Arc<dyn Files>,
) -> Arc<dyn Crm> {
    match settings.crm {
        CrmKind::Embedded => Arc::new(EmbeddedCrm),
        CrmKind::Rest => Arc::new(RestCrm::new(
            in_force.clone(),
            Arc::clone(rules),
            Arc::clone(files),
        )),
    }
}
