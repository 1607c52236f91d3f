//! Builds each flow from the parts that it needs.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::task::TaskTracker;

use super::open::open_files;
use crate::adapters::clock::SystemClock;
use crate::adapters::crm::embedded::EmbeddedCrm;
use crate::adapters::crm::rest::RestCrm;
use crate::adapters::edited::EditedFolder;
use crate::adapters::http::render_created;
use crate::adapters::mail::MailOut;
use crate::adapters::sowell::SowellHttp;
use crate::adapters::{submission, telemetry};
use crate::domain::ports::{Clock, Crm, Files, Sowell, Store};
use crate::flows::creation::{Calls, Creations, LostPhotos};
use crate::flows::crm_watch::CrmWatch;
use crate::flows::delivery::Delivery;
use crate::flows::hint::{Hint, Nudge};
use crate::flows::in_hand::InHand;
use crate::flows::inbound::{Inbound, PATIENCE};
use crate::flows::managers::{ManagerCache, Managers};
use crate::flows::outbound::Outbound;
use crate::flows::poll::Poll;
use crate::flows::replica::Presence;
use crate::flows::retention::Retention;
use crate::flows::rules::Rules;
use crate::flows::set_back::SetBack;
use crate::flows::settings::{self, SettingsReload};
use crate::flows::sweep::Sweep;
use crate::settings::{CrmKind, InForce, Settings};

/// The parts shared by the flows.
pub(super) struct Parts {
    pub(super) store: Arc<dyn Store>,
    pub(super) files: Arc<dyn Files>,
    pub(super) crm: Arc<dyn Crm>,
    pub(super) sowell: Arc<dyn Sowell>,
    pub(super) rules: Arc<dyn Rules>,
    pub(super) in_force: InForce,
    pub(super) outbox: Hint,
    pub(super) clock: Arc<dyn Clock>,
    /// The state of the CRM, as shown by the last calls.
    pub(super) watch: Arc<CrmWatch>,
}

impl Parts {
    /// The parts with the partners that the settings name.
    pub(super) fn new(
        settings: &Settings,
        store: Arc<dyn Store>,
        files: Arc<dyn Files>,
        rules: Arc<dyn Rules>,
        in_force: InForce,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let crm: Arc<dyn Crm> = match settings.crm {
            CrmKind::Embedded => Arc::new(EmbeddedCrm),
            CrmKind::Rest => Arc::new(RestCrm::new(
                in_force.clone(),
                Arc::clone(&rules),
                Arc::clone(&files),
                Arc::clone(&clock),
            )),
        };
        let sowell = SowellHttp::new(in_force.clone(), Arc::clone(&rules), Arc::clone(&clock));
        Self {
            store,
            files,
            crm,
            sowell: Arc::new(sowell),
            rules,
            in_force,
            outbox: Hint::default(),
            clock,
            watch: Arc::default(),
        }
    }

    /// The inbound flow, with the outbound flow it contains.
    pub(super) fn inbound(&self, patience: Duration) -> Inbound {
        let managers = Arc::new(self.managers());
        let outbound = Outbound {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            rules: Arc::clone(&self.rules),
            read_stored: submission::stored_signalement,
            outbox: self.outbox.clone(),
            managers: Arc::clone(&managers),
        };
        let creations = Creations {
            store: Arc::clone(&self.store),
            crm: Arc::clone(&self.crm),
            sowell: Arc::clone(&self.sowell),
            clock: Arc::clone(&self.clock),
            rules: Arc::clone(&self.rules),
            in_force: self.in_force.clone(),
            render: render_created,
            read_stored: submission::stored_signalement,
            outbound: Arc::new(outbound),
            outbox: self.outbox.clone(),
            pending: Nudge::default(),
            in_hand: InHand::default(),
            calls: Calls::default(),
            photos: LostPhotos::default(),
            unwritten: TaskTracker::new(),
            watch: Arc::clone(&self.watch),
            managers: Arc::clone(&managers),
        };
        Inbound {
            store: Arc::clone(&self.store),
            files: Arc::clone(&self.files),
            clock: Arc::clone(&self.clock),
            rules: Arc::clone(&self.rules),
            managers,
            creations: Arc::new(creations),
            outbox: self.outbox.clone(),
            patience,
        }
    }

    fn managers(&self) -> Managers {
        Managers {
            crm: Arc::clone(&self.crm),
            clock: Arc::clone(&self.clock),
            in_force: self.in_force.clone(),
            watch: Arc::clone(&self.watch),
            known: ManagerCache::default(),
        }
    }

    /// The worker of the outbox.
    pub(super) fn delivery(&self, mailer: MailOut) -> Delivery {
        Delivery {
            store: self.store.clone(),
            clock: Arc::clone(&self.clock),
            sowell: Arc::clone(&self.sowell),
            mailer: Arc::new(mailer),
            crm: Arc::clone(&self.crm),
            files: Arc::clone(&self.files),
            rules: Arc::clone(&self.rules),
            in_force: self.in_force.clone(),
            outbox: self.outbox.clone(),
        }
    }

    /// The poller of a CRM that does not call us.
    pub(super) fn poll(&self, outbound: &Arc<Outbound>) -> Poll {
        Poll {
            store: self.store.clone(),
            crm: Arc::clone(&self.crm),
            clock: Arc::clone(&self.clock),
            outbound: Arc::clone(outbound),
            in_force: self.in_force.clone(),
            watch: Arc::clone(&self.watch),
        }
    }

    /// Reloads the settings file; without a file, the daemon was started without one.
    pub(super) fn settings(
        &self,
        settings: &Settings,
        file: Option<EditedFolder>,
    ) -> SettingsReload {
        let parts = settings::Parts {
            file: file.map(|file| Arc::new(file) as _),
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            outbox: self.outbox.clone(),
            set_log: telemetry::set_log,
        };
        SettingsReload::boot(settings, self.in_force.clone(), parts)
    }

    /// This daemon's presence among the replicas.
    pub(super) fn presence(&self, id: String) -> Presence {
        Presence {
            id,
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            rules: Arc::clone(&self.rules),
            outbox: self.outbox.clone(),
        }
    }

    /// Removes photos that no signalement names.
    pub(super) fn sweep(&self) -> Sweep {
        Sweep {
            store: self.store.clone(),
            files: Arc::clone(&self.files),
            clock: Arc::clone(&self.clock),
        }
    }

    /// Deletes what has passed its retention period.
    pub(super) fn retention(&self) -> Retention {
        Retention {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            in_force: self.in_force.clone(),
        }
    }

    /// Detects that the clock was set back.
    pub(super) fn set_back(&self) -> SetBack {
        SetBack {
            store: self.store.clone(),
            clock: Arc::clone(&self.clock),
            in_force: self.in_force.clone(),
        }
    }
}

/// The inbound flow alone, for the command line.
///
/// # Errors
/// When the store of photos cannot be used.
pub fn inbound(
    settings: &Settings,
    store: &Arc<dyn Store>,
    rules: Arc<dyn Rules>,
) -> anyhow::Result<Inbound> {
    let files = open_files(settings)?;
    let (in_force, clock) = (InForce::new(settings), Arc::new(SystemClock));
    let parts = Parts::new(settings, Arc::clone(store), files, rules, in_force, clock);
    Ok(parts.inbound(PATIENCE))
}
