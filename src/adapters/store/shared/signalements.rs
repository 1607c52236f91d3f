//! Signalements, their keys, files and demandes.
//!
//! A batch of creations is written a table at a time: a few statements, however many requests.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, Executor, QueryBuilder, Row as _};

use super::{Db, DbConnection, DbPool, DbRow, creations, dialect, failed, fichiers, livraisons};
use crate::adapters::store::rows::{
    instant, millis, read_gestionnaire, unreadable, write_gestionnaire,
};
use crate::domain::demande::{Demande, Fichier, NewDemande, Uid};
use crate::domain::livraison::{LivraisonEtat, NewLivraison};
use crate::domain::ports::{
    BoundKey, Client, Creation, IdempotencyKey, NewRecord, Recorded, SignalementSummary,
    SignalementView, StatutView, StoreError, StoredSubmission, StoredTrace,
};
use crate::domain::signalement::{Etat, SignalementId};

/// Writes the records of one batch, whose keys are all different.
pub(in super::super) async fn record(
    connection: &mut DbConnection,
    records: &[NewRecord],
) -> Result<Vec<Recorded>, StoreError> {
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let mut bound = bound_by_key(connection, records).await?;
    let candidates: Vec<&NewRecord> = records
        .iter()
        .filter(|record| !bound.contains_key(&record.id))
        .collect();
    let told = told_already(connection, &candidates).await?;
    let written = insert(connection, &candidates).await?;
    let mut pending = HashMap::new();
    for record in &candidates {
        if written.contains(record.id.as_str()) {
            continue;
        }
        if let Some(owner) = load_bound(&mut *connection, record.id.as_str()).await? {
            bound.insert(record.id.clone(), owner);
        } else {
            let owner = creations::find_pending(&mut *connection, &record.id, None).await?;
            let owner = owner.ok_or_else(|| StoreError::Fault("an owned row is gone".into()))?;
            pending.insert(record.id.clone(), owner);
        }
    }
    let winners: Vec<&NewRecord> = records
        .iter()
        .filter(|it| !bound.contains_key(&it.id) && !pending.contains_key(&it.id))
        .collect();
    insert_files(connection, &winners).await?;
    insert_creations(connection, &winners, &told).await?;
    Ok(records
        .iter()
        .map(|record| match bound.remove(&record.id) {
            Some(owner) => Recorded::Bound(owner),
            None => match pending.remove(&record.id) {
                Some(owner) => Recorded::Pending(owner),
                None => Recorded::Written,
            },
        })
        .collect())
}

/// Those that are set aside as they were before, when their e-mails were written: nobody wants the
/// same one twice, however often the same content comes and is decided anew.
async fn told_already(
    connection: &mut DbConnection,
    records: &[&NewRecord],
) -> Result<HashSet<String>, StoreError> {
    let mut told = HashSet::new();
    let tells = |it: &&&NewRecord| it.etat == Etat::Ecarte && !it.livraisons.is_empty();
    for record in records.iter().filter(tells) {
        dialect::lock_signalement(connection, &record.id).await?;
        let before: Option<String> = sqlx::query_scalar(
            "SELECT id FROM signalements WHERE id = $1 AND etat = 'ecarte' AND fingerprint = $2",
        )
        .bind(record.id.as_str())
        .bind(&record.fingerprint)
        .fetch_optional(&mut *connection)
        .await
        .map_err(|error| failed(&error))?;
        told.extend(before);
    }
    Ok(told)
}

/// The creations that own an `Idempotency-Key` of the batch, by the record that sent it.
async fn bound_by_key(
    connection: &mut DbConnection,
    records: &[NewRecord],
) -> Result<HashMap<SignalementId, BoundKey>, StoreError> {
    let keyed: Vec<(&IdempotencyKey, &SignalementId)> = records
        .iter()
        .filter_map(|record| Some((record.key.as_ref()?, &record.id)))
        .collect();
    let mut bound = HashMap::new();
    if keyed.is_empty() {
        return Ok(bound);
    }
    let mut query = QueryBuilder::<Db>::new("WITH sent (client, value) AS (");
    query.push_values(&keyed, |mut row, (key, _)| {
        row.push_bind(key.client.as_str()).push_bind(&key.value);
    });
    // A join, since SQLite would go through the whole table for `(client, value) IN (VALUES …)`.
    query.push(
        ") SELECT k.client, k.value, k.signalement_id FROM sent CROSS JOIN idempotency_keys k \
         WHERE k.client = sent.client AND k.value = sent.value",
    );
    let rows = query.build().fetch_all(&mut *connection).await;
    for row in rows.map_err(|error| failed(&error))? {
        let (client, value): (String, String) = (row.get("client"), row.get("value"));
        let sent = |key: &IdempotencyKey| key.client.as_str() == client && key.value == value;
        let Some((_, id)) = keyed.iter().find(|(key, _)| sent(key)) else {
            continue;
        };
        let owner = load_bound(&mut *connection, row.get("signalement_id")).await?;
        bound.extend(owner.map(|owner| (SignalementId::clone(id), owner)));
    }
    Ok(bound)
}

/// Writes what is kept of signalements, and gives the identities of those that were written: not
/// of one that a creation owns, be it made or pending.
pub(super) async fn insert(
    connection: &mut DbConnection,
    records: &[&NewRecord],
) -> Result<HashSet<String>, StoreError> {
    if records.is_empty() {
        return Ok(HashSet::new());
    }
    let mut query = QueryBuilder::<Db>::new(
        "INSERT INTO signalements (id, lien_sowell, client, etat, bound, uid, motif, fingerprint, \
         payload, version, trace, answer, received_at, decided_at) ",
    );
    query.push_values(records, |mut row, record| {
        let creation = record.creation.as_ref();
        row.push_bind(record.id.as_str())
            .push_bind(&record.lien_sowell)
            .push_bind(record.client.as_str())
            .push_bind(record.etat.as_str())
            .push_bind(i64::from(creation.is_some()))
            .push_bind(creation.map(|it| it.uid.as_str()))
            .push_bind(&record.motif)
            .push_bind(&record.fingerprint)
            .push_bind(&record.payload)
            .push_bind(&record.version)
            .push_bind(&record.trace)
            .push_bind(creation.map(|it| it.answer.as_str()))
            .push_bind(millis(record.received_at))
            .push_bind(millis(record.received_at));
    });
    query.push(
        " ON CONFLICT (id) DO UPDATE SET client = excluded.client, etat = excluded.etat, \
         bound = excluded.bound, uid = excluded.uid, motif = excluded.motif, \
         fingerprint = excluded.fingerprint, payload = excluded.payload, \
         version = excluded.version, trace = excluded.trace, answer = excluded.answer, \
         decided_at = excluded.decided_at WHERE signalements.bound = 0 \
         AND signalements.etat NOT IN ('recu', 'inconnu', 'differe') RETURNING id",
    );
    let ids = query
        .build_query_scalar::<String>()
        .fetch_all(connection)
        .await
        .map_err(|error| failed(&error))?;
    Ok(ids.into_iter().collect())
}

/// Writes which photos came with signalements.
pub(super) async fn insert_files(
    connection: &mut DbConnection,
    records: &[&NewRecord],
) -> Result<(), StoreError> {
    if records.is_empty() {
        return Ok(());
    }
    fichiers::begin_naming(connection, records).await?;
    // A signalement that is decided anew may have come with other photos.
    let mut query = QueryBuilder::<Db>::new("DELETE FROM fichiers WHERE signalement_id IN (");
    let mut ids = query.separated(", ");
    for record in records {
        ids.push_bind(record.id.as_str());
    }
    query.push(")");
    execute(&mut query, connection).await?;
    let files: Vec<(&SignalementId, i64, &Fichier)> = records
        .iter()
        .flat_map(|record| {
            (0..)
                .zip(&record.fichiers)
                .map(|(at, file)| (&record.id, at, file))
        })
        .collect();
    // Twenty photos a request, 256 requests a batch: more than one statement's variables.
    for some in files.chunks(1_000) {
        let mut query = QueryBuilder::<Db>::new(
            "INSERT INTO fichiers (signalement_id, position, nom, type, taille, sha256) ",
        );
        query.push_values(some, |mut row, (id, position, file)| {
            row.push_bind(id.as_str())
                .push_bind(*position)
                .push_bind(&file.nom)
                .push_bind(&file.r#type)
                .push_bind(i64::try_from(file.taille).unwrap_or(i64::MAX))
                .push_bind(&file.sha256);
        });
        execute(&mut query, connection).await?;
    }
    fichiers::end_naming(connection, records).await
}

async fn insert_creations(
    connection: &mut DbConnection,
    records: &[&NewRecord],
    told: &HashSet<String>,
) -> Result<(), StoreError> {
    let created: Vec<(&NewRecord, &Creation)> = records
        .iter()
        .filter_map(|record| Some((*record, record.creation.as_ref()?)))
        .collect();
    let demandes: Vec<NewDemandeRow<'_>> = created
        .iter()
        .map(|(record, creation)| (&record.id, *creation, record.received_at))
        .collect();
    insert_demandes(connection, &demandes).await?;
    let keyed: Vec<(&IdempotencyKey, &SignalementId)> = created
        .iter()
        .filter_map(|(record, _)| Some((record.key.as_ref()?, &record.id)))
        .collect();
    insert_keys(connection, &keyed).await?;
    let livraisons: Vec<(&NewLivraison, Option<&str>)> = records
        .iter()
        .filter(|record| !told.contains(record.id.as_str()))
        .flat_map(|record| {
            let uid = record.creation.as_ref().map(|it| it.uid.as_str());
            record.livraisons.iter().map(move |it| (it, uid))
        })
        .collect();
    let at = records.iter().map(|record| record.received_at).max();
    let Some(at) = at else { return Ok(()) };
    livraisons::insert(connection, &livraisons, None, LivraisonEtat::EnAttente, at).await
}

/// A demande to be written: its signalement, what was created, and when.
pub(super) type NewDemandeRow<'a> = (&'a SignalementId, &'a Creation, DateTime<Utc>);

/// Writes demandes that exist now.
pub(super) async fn insert_demandes(
    connection: &mut DbConnection,
    created: &[NewDemandeRow<'_>],
) -> Result<(), StoreError> {
    if created.is_empty() {
        return Ok(());
    }
    let mut query = QueryBuilder::<Db>::new(
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
            .push_bind(&it.contexte)
            .push_bind(&it.lien_sowell)
            .push_bind(millis(*at));
    });
    execute(&mut query, connection).await
}

/// Binds keys to the signalements whose demandes were created.
pub(super) async fn insert_keys(
    connection: &mut DbConnection,
    keyed: &[(&IdempotencyKey, &SignalementId)],
) -> Result<(), StoreError> {
    if keyed.is_empty() {
        return Ok(());
    }
    let mut query =
        QueryBuilder::<Db>::new("INSERT INTO idempotency_keys (client, value, signalement_id) ");
    query.push_values(keyed, |mut row, (key, id)| {
        row.push_bind(key.client.as_str())
            .push_bind(&key.value)
            .push_bind(id.as_str());
    });
    execute(&mut query, connection).await
}

async fn execute(
    query: &mut QueryBuilder<Db>,
    connection: &mut DbConnection,
) -> Result<(), StoreError> {
    query
        .build()
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(|error| failed(&error))
}

/// The creation that owns the identity or the key; where both are owned, the key's counts when it
/// is another one, since it makes the request a conflict.
pub(super) async fn find_bound(
    pool: &DbPool,
    id: &SignalementId,
    key: Option<&IdempotencyKey>,
) -> Result<Option<BoundKey>, StoreError> {
    if let Some(key) = key
        && let Some(owner) = owner_of_key(pool, key).await?
    {
        return load_bound(pool, &owner).await;
    }
    load_bound(pool, id.as_str()).await
}

/// The signalement whose creation bound an `Idempotency-Key`.
pub(super) async fn owner_of_key(
    executor: impl Executor<'_, Database = Db>,
    key: &IdempotencyKey,
) -> Result<Option<String>, StoreError> {
    sqlx::query_scalar(
        "SELECT signalement_id FROM idempotency_keys WHERE client = $1 AND value = $2",
    )
    .bind(key.client.as_str())
    .bind(&key.value)
    .fetch_optional(executor)
    .await
    .map_err(|error| failed(&error))
}

/// The creation that owns an identity.
pub(super) async fn load_bound(
    executor: impl Executor<'_, Database = Db>,
    id: &str,
) -> Result<Option<BoundKey>, StoreError> {
    let row = sqlx::query(
        "SELECT id, uid, fingerprint, answer FROM signalements WHERE id = $1 AND bound = 1",
    )
    .bind(id)
    .fetch_optional(executor)
    .await
    .map_err(|error| failed(&error))?;
    Ok(row.map(|row| BoundKey {
        id: SignalementId::from_stored(row.get("id")),
        uid: row.get("uid"),
        fingerprint: row.get("fingerprint"),
        answer: row.get("answer"),
    }))
}

/// A signalement with the events of its demande.
pub(super) async fn find(
    pool: &DbPool,
    id_or_uid: &str,
) -> Result<Option<SignalementView>, StoreError> {
    let row = sqlx::query(
        "SELECT id, etat, uid, motif FROM signalements WHERE id = $1 \
         OR id = (SELECT signalement_id FROM demandes WHERE uid = $1)",
    )
    .bind(id_or_uid)
    .fetch_optional(pool)
    .await
    .map_err(|error| failed(&error))?;
    let Some(row) = row else { return Ok(None) };
    let uid: Option<String> = row.get("uid");
    let events = sqlx::query(
        // What was delivered long ago is no longer kept, and only that.
        "SELECT e.statut, e.statut_sowell, e.date, e.received_at, \
         CASE WHEN l.etat IS NULL AND e.issue = 'accepte' THEN 'livree' ELSE l.etat END AS etat \
         FROM evenements e \
         LEFT JOIN livraisons l ON l.evenement_id = e.id AND l.destination = 'sowell' \
         WHERE e.uid = $1 ORDER BY e.sequence",
    )
    .bind(&uid)
    .fetch_all(pool)
    .await
    .map_err(|error| failed(&error))?;
    Ok(Some(SignalementView {
        id: SignalementId::from_stored(row.get("id")),
        etat: etat(&row)?,
        uid,
        motif: row.get("motif"),
        statuts: events
            .iter()
            .map(|event| StatutView {
                statut: event.get("statut"),
                statut_sowell: event.get("statut_sowell"),
                date: event
                    .get::<Option<String>, _>("date")
                    .unwrap_or_else(|| instant(event.get("received_at")).to_rfc3339()),
                livraison: event
                    .get::<Option<String>, _>("etat")
                    .and_then(|word| LivraisonEtat::parse(&word)),
            })
            .collect(),
    }))
}

/// The state of a signalement, from the column of that name.
pub(super) fn etat(row: &DbRow) -> Result<Etat, StoreError> {
    Etat::parse(&row.get::<String, _>("etat")).ok_or_else(|| unreadable("etat"))
}

/// What a [`SignalementSummary`] is read from.
const SUMMARY: &str = "SELECT id, lien_sowell, etat, uid, motif, received_at FROM signalements ";
const NEWEST_IN_STATE: &str = "WHERE bound = 0 AND etat = $2 ORDER BY received_at DESC LIMIT $1";
/// In the order of arrival, which is the table's own: nearly all of it are such, and an index of
/// them would be one more thing to write for each.
const NEWEST_BOUND: &str = "WHERE bound = 1 ORDER BY rowid DESC LIMIT $1";

/// Signalements in a state, or all those without a demande.
pub(super) async fn list(
    pool: &DbPool,
    etat: Option<Etat>,
    limit: u32,
) -> Result<Vec<SignalementSummary>, StoreError> {
    if let Some(etat) = etat {
        return newest(pool, etat, limit).await;
    }
    // Each state has its own beginning in the index; an order over all would have to be made of all.
    let mut found = Vec::new();
    for etat in Etat::APART {
        found.extend(newest(pool, etat, limit).await?);
    }
    found.sort_by_key(|it| Reverse(it.received_at));
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(found)
}

async fn newest(
    pool: &DbPool,
    wanted: Etat,
    limit: u32,
) -> Result<Vec<SignalementSummary>, StoreError> {
    let bound = wanted == Etat::Transmis;
    let ending = if bound { NEWEST_BOUND } else { NEWEST_IN_STATE };
    let query = sqlx::query(AssertSqlSafe(format!("{SUMMARY}{ending}"))).bind(i64::from(limit));
    let query = if bound {
        query
    } else {
        query.bind(wanted.as_str())
    };
    let rows = query
        .fetch_all(pool)
        .await
        .map_err(|error| failed(&error))?;
    rows.iter()
        .map(|row| {
            Ok(SignalementSummary {
                id: SignalementId::from_stored(row.get("id")),
                lien_sowell: row.get("lien_sowell"),
                etat: etat(row)?,
                uid: row.get("uid"),
                motif: row.get("motif"),
                received_at: instant(row.get("received_at")),
            })
        })
        .collect()
}

/// The traces of a signalement and of its demande's events.
pub(super) async fn find_traces(
    pool: &DbPool,
    id_or_uid: &str,
) -> Result<Vec<StoredTrace>, StoreError> {
    let rows = sqlx::query(
        "SELECT 'signalement' AS subject, decided_at AS at, version, trace, 0 AS position \
         FROM signalements WHERE id = $1 \
         OR id = (SELECT signalement_id FROM demandes WHERE uid = $1) \
         UNION ALL \
         SELECT statut, received_at, version, trace, sequence FROM evenements \
         WHERE uid = $1 OR uid = (SELECT uid FROM signalements WHERE id = $1) \
         ORDER BY position",
    )
    .bind(id_or_uid)
    .fetch_all(pool)
    .await
    .map_err(|error| failed(&error))?;
    Ok(rows
        .iter()
        .map(|row| StoredTrace {
            subject: row.get("subject"),
            at: instant(row.get("at")),
            version: row.get("version"),
            trace: row.get("trace"),
        })
        .collect())
}

/// What was received under an identity.
pub(super) async fn find_submission(
    pool: &DbPool,
    id: &SignalementId,
) -> Result<Option<StoredSubmission>, StoreError> {
    let row = sqlx::query(
        "SELECT client, etat, payload, fingerprint, bound FROM signalements WHERE id = $1",
    )
    .bind(id.as_str())
    .fetch_optional(pool)
    .await
    .map_err(|error| failed(&error))?;
    let Some(row) = row else { return Ok(None) };
    let client: String = row.get("client");
    Ok(Some(StoredSubmission {
        client: Client::parse(&client).ok_or_else(|| unreadable("client"))?,
        etat: etat(&row)?,
        payload: row.get("payload"),
        fingerprint: row.get("fingerprint"),
        fichiers: files(pool, id.as_str()).await?,
        bound: row.get::<i64, _>("bound") == 1,
    }))
}

/// The photos of a signalement, in their order.
pub(super) async fn files(
    executor: impl Executor<'_, Database = Db>,
    id: &str,
) -> Result<Vec<Fichier>, StoreError> {
    let rows = sqlx::query(
        "SELECT nom, type, taille, sha256 FROM fichiers WHERE signalement_id = $1 ORDER BY position",
    )
    .bind(id)
    .fetch_all(executor)
    .await
    .map_err(|error| failed(&error))?;
    Ok(rows
        .iter()
        .map(|row| Fichier {
            nom: row.get("nom"),
            r#type: row.get("type"),
            taille: u64::try_from(row.get::<i64, _>("taille")).unwrap_or(0),
            sha256: row.get("sha256"),
        })
        .collect())
}

/// A demande with its photos.
pub(super) async fn find_demande(pool: &DbPool, uid: &Uid) -> Result<Option<Demande>, StoreError> {
    let row = sqlx::query(
        "SELECT signalement_id, statut, statut_sowell, canal, qualification, workflow, residence, \
         bien, priorite, gestionnaire_concerne, acteur_en_charge, auteur, email_auteur, contexte, \
         lien_sowell FROM demandes WHERE uid = $1",
    )
    .bind(uid.as_str())
    .fetch_optional(pool)
    .await
    .map_err(|error| failed(&error))?;
    let Some(row) = row else { return Ok(None) };
    let signalement: String = row.get("signalement_id");
    Ok(Some(Demande {
        uid: uid.clone(),
        fichiers: files(pool, &signalement).await?,
        signalement: SignalementId::from_stored(signalement),
        content: read_demande(&row)?,
    }))
}

/// What was decided of a demande, with its status of now.
pub(super) fn read_demande(row: &DbRow) -> Result<NewDemande, StoreError> {
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
