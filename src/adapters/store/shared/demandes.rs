//! Demandes: written once with what was decided, read with their current status.

use chrono::{DateTime, Utc};
use sqlx::{QueryBuilder, Row as _};

use super::{Db, DbConnection, DbPool, DbRow, execute, failed, fichiers};
use crate::adapters::store::rows::{millis, read_gestionnaire, storable, write_gestionnaire};
use crate::domain::demande::{Demande, NewDemande, Uid};
use crate::domain::ports::{Creation, StoreError};
use crate::domain::signalement::SignalementId;

/// A demande to write: its signalement, what was created, and when.
pub(in super::super) type NewDemandeRow<'a> = (&'a SignalementId, &'a Creation, DateTime<Utc>);

/// Inserts demandes that were just created.
pub(super) async fn insert(
    connection: &mut DbConnection,
    created: &[NewDemandeRow<'_>],
) -> Result<(), StoreError> {
    if created.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Db>::default();
    push_rows(&mut query, created);
    execute(&mut query, connection).await
}

/// Adds the insertion of demandes to a statement.
pub(in super::super) fn push_rows(query: &mut QueryBuilder<Db>, created: &[NewDemandeRow<'_>]) {
    query.push(
        "INSERT INTO demandes (uid, signalement_id, statut, statut_sowell, canal, \
         qualification, workflow, residence, bien, priorite, gestionnaire_concerne, \
         acteur_en_charge, auteur, email_auteur, contexte, lien_sowell, created_at) ",
    );
    query.push_values(created, |mut row, (id, creation, at)| {
        let it = &creation.demande;
        row.push_bind(creation.uid.as_str())
            .push_bind(id.as_str())
            .push_bind(&it.statut)
            .push_bind(&it.statut_sowell)
            .push_bind(&it.canal)
            .push_bind(&it.qualification)
            .push_bind(&it.workflow)
            .push_bind(&it.residence)
            .push_bind(&it.bien)
            .push_bind(&it.priorite)
            .push_bind(write_gestionnaire(&it.gestionnaire_concerne))
            .push_bind(write_gestionnaire(&it.acteur_en_charge))
            .push_bind(&it.auteur)
            .push_bind(&it.email_auteur)
            .push_bind(storable(&it.contexte))
            .push_bind(&it.lien_sowell)
            .push_bind(millis(*at));
    });
}

/// A demande with its photos.
pub(super) async fn find(pool: &DbPool, uid: &Uid) -> Result<Option<Demande>, StoreError> {
    let row = sqlx::query(
        "SELECT signalement_id, statut, statut_sowell, canal, qualification, workflow, residence, \
         bien, priorite, gestionnaire_concerne, acteur_en_charge, auteur, email_auteur, contexte, \
         lien_sowell FROM demandes WHERE uid = $1",
    )
    .bind(uid.as_str())
    .fetch_optional(pool)
    .await
    .map_err(failed)?;
    let Some(row) = row else { return Ok(None) };
    let signalement: String = row.get("signalement_id");
    Ok(Some(Demande {
        uid: uid.clone(),
        fichiers: fichiers::of(pool, &signalement).await?,
        signalement: SignalementId::from_stored(signalement),
        content: read(&row)?,
    }))
}

/// What was decided for a demande, with its current status.
pub(super) fn read(row: &DbRow) -> Result<NewDemande, StoreError> {
    Ok(NewDemande {
        statut: row.get("statut"),
        statut_sowell: row.get("statut_sowell"),
        canal: row.get("canal"),
        qualification: row.get("qualification"),
        workflow: row.get("workflow"),
        residence: row.get("residence"),
        bien: row.get("bien"),
        priorite: row.get("priorite"),
        gestionnaire_concerne: read_gestionnaire(row.get("gestionnaire_concerne"))?,
        acteur_en_charge: read_gestionnaire(row.get("acteur_en_charge"))?,
        auteur: row.get("auteur"),
        email_auteur: row.get("email_auteur"),
        contexte: row.get("contexte"),
        lien_sowell: row.get("lien_sowell"),
    })
}
