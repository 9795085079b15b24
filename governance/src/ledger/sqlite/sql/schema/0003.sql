-- What finished executions handed in beside their outputs (P-05): the texts that stamps commit to.
CREATE TABLE evidence (
    number INTEGER PRIMARY KEY,
    execution BLOB NOT NULL UNIQUE,
    tree INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX evidence_of_tree ON evidence (tree);

-- Effects that wait for a person.
ALTER TABLE effects ADD COLUMN quarantined INTEGER NOT NULL DEFAULT 0;
UPDATE effects SET quarantined = 1 WHERE json_extract(body, '$.state.state') = 'quarantined';
CREATE INDEX effects_quarantined ON effects (sequence) WHERE quarantined = 1;
