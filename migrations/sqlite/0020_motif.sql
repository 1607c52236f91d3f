-- What only the landlord's staff may read of a motif: words that begin with a space, or a reason in English, which
-- does not. Until now it followed in motif, and the code told what SoWell may see by the first words.
ALTER TABLE signalements ADD COLUMN motif_detail TEXT;
WITH parts AS (
    SELECT id, CASE
        WHEN motif LIKE 'le CRM refuse la demande (statut ___)%'
            THEN length('le CRM refuse la demande (statut ___)')
        WHEN motif LIKE 'le connecteur du CRM : %'
            THEN length('le connecteur du CRM')
        WHEN motif LIKE 'le CRM répond, mais sa réponse est illisible%'
            THEN length('le CRM répond, mais sa réponse est illisible')
        WHEN motif LIKE 'le CRM répond, mais sa réponse ne se lit pas%'
            THEN length('le CRM répond, mais sa réponse ne se lit pas')
        WHEN motif LIKE 'les photos ne peuvent pas être relues%'
            THEN length('les photos ne peuvent pas être relues')
        WHEN motif LIKE 'plusieurs demandes du CRM portent ce signalement%'
            THEN length('plusieurs demandes du CRM portent ce signalement')
        WHEN motif LIKE 'le CRM n''a pas % et n''offre rien contre les doublons : cherchez-y%'
            THEN instr(motif, ' et n''offre rien') - 1
        WHEN motif LIKE 'on ne sait pas si le CRM a créé la demande : % ; cherchez-y%'
            THEN length('on ne sait pas si le CRM a créé la demande')
        WHEN motif LIKE 'on ne sait pas si le CRM distant%' OR motif LIKE 'le CRM %'
            THEN instr(motif, ' : cherchez-y') - 1
        END AS cut
    FROM signalements WHERE bound = 0 AND motif IS NOT NULL
)
UPDATE signalements
    SET motif = substr(motif, 1, cut), motif_detail = NULLIF(substr(motif, cut + 1), '')
    FROM parts WHERE parts.id = signalements.id AND cut > 0;
UPDATE signalements
    SET motif_detail = ltrim(substr(motif_detail, 4))
    WHERE bound = 0 AND motif_detail LIKE ' : %' AND motif IN (
        'le connecteur du CRM',
        'le CRM répond, mais sa réponse est illisible',
        'le CRM répond, mais sa réponse ne se lit pas');
UPDATE signalements
    SET motif = 'le CRM donne l''uid d''une autre demande',
        motif_detail = ' :' || substr(motif, length('le CRM donne l''uid') + 1)
    WHERE bound = 0 AND motif LIKE 'le CRM donne l''uid %';
