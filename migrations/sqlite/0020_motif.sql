-- What anyone may read of a motif, which is its beginning, and the reason at its end, if there is one. The code used to
-- recognise both in the text of motif, which stays whole, because replicas of the previous version read and write only
-- that; one wording is changed so that it begins with its public part.
ALTER TABLE signalements ADD COLUMN motif_for_all TEXT;
ALTER TABLE signalements ADD COLUMN motif_reason TEXT;
UPDATE signalements
    SET motif = 'le CRM donne l''uid d''une autre demande :' || substr(motif, length('le CRM donne l''uid') + 1)
    WHERE bound = 0 AND etat IN ('differe', 'inconnu', 'echec') AND motif LIKE 'le CRM donne l''uid %';
UPDATE signalements SET
    motif_for_all = CASE
        WHEN motif LIKE 'le CRM refuse la demande (statut ___)%'
            THEN substr(motif, 1, length('le CRM refuse la demande (statut ___)'))
        WHEN motif LIKE 'le connecteur du CRM : %'
            THEN 'le connecteur du CRM'
        WHEN motif LIKE 'le CRM répond, mais sa réponse est illisible%'
            THEN 'le CRM répond, mais sa réponse est illisible'
        WHEN motif LIKE 'le CRM répond, mais sa réponse ne se lit pas%'
            THEN 'le CRM répond, mais sa réponse ne se lit pas'
        WHEN motif LIKE 'les photos ne peuvent pas être relues%'
            THEN 'les photos ne peuvent pas être relues'
        WHEN motif LIKE 'plusieurs demandes du CRM portent ce signalement%'
            THEN 'plusieurs demandes du CRM portent ce signalement'
        WHEN motif LIKE 'le CRM donne l''uid d''une autre demande :%'
            THEN 'le CRM donne l''uid d''une autre demande'
        WHEN motif LIKE 'le CRM n''a pas % et n''offre rien contre les doublons : cherchez-y%'
            THEN substr(motif, 1, instr(motif, ' et n''offre rien') - 1)
        WHEN motif LIKE 'on ne sait pas si le CRM a créé la demande : % ; cherchez-y%'
            THEN 'on ne sait pas si le CRM a créé la demande'
        WHEN (motif LIKE 'on ne sait pas si le CRM distant%' OR motif LIKE 'le CRM %')
                AND motif LIKE '% : cherchez-y%'
            THEN substr(motif, 1, instr(motif, ' : cherchez-y') - 1)
        ELSE motif
        END,
    motif_reason = CASE
        WHEN motif LIKE 'le connecteur du CRM : %'
            THEN substr(motif, length('le connecteur du CRM : ') + 1)
        WHEN motif LIKE 'le CRM répond, mais sa réponse est illisible : %'
            THEN substr(motif, length('le CRM répond, mais sa réponse est illisible : ') + 1)
        WHEN motif LIKE 'le CRM répond, mais sa réponse ne se lit pas : %'
            THEN substr(motif, length('le CRM répond, mais sa réponse ne se lit pas : ') + 1)
        END
    WHERE bound = 0 AND etat IN ('differe', 'inconnu', 'echec') AND motif IS NOT NULL;
