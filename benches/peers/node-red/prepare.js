// Writes the flow and the settings of one run: POST -> function -> SQLite -> answer. The SQLite node runs one
// statement per message, so a trigger splits the row: one commit, as in the others.
const { mkdirSync, readFileSync, writeFileSync } = require('fs');
const sqlite3 = require('sqlite3');

const { DIR, PORT } = process.env;
const user = `${DIR}/node-red`;
mkdirSync(`${DIR}/photos`);
mkdirSync(user);

const columns = ['uid', 'qualification', 'residence', 'bien', 'auteur', 'email_auteur', 'date_creation',
  'priorite', 'description', 'lien_sowell'];
const split = `
CREATE VIEW received AS SELECT *, '' AS photos, '' AS waiting FROM signalements;
CREATE TRIGGER split INSTEAD OF INSERT ON received BEGIN
  INSERT INTO signalements VALUES (${columns.map((it) => `NEW.${it}`).join(', ')});
  INSERT INTO photos SELECT NEW.uid, key, value FROM json_each(NEW.photos);
  INSERT INTO outbox (uid, content, delivered) VALUES (NEW.uid, NEW.waiting, 0);
END;`;
const all = [...columns, 'photos', 'waiting'];
const insert = `INSERT INTO received (${all.join(', ')}) VALUES (${all.map((it) => `$${it}`).join(', ')})`;

const flow = [
  { id: 'tab', type: 'tab', label: 'signalements' },
  { id: 'file', type: 'sqlitedb', db: `${DIR}/peer.sqlite`, mode: 'RWC' },
  { id: 'in', type: 'http in', z: 'tab', url: '/api/v1/signalements', method: 'post', wires: [['read']] },
  { id: 'read', type: 'function', z: 'tab', func: readFileSync('flow.js', 'utf8'), outputs: 2, libs: [],
    wires: [['write'], ['out']] },
  { id: 'write', type: 'sqlite', z: 'tab', mydb: 'file', sqlquery: 'prepared', sql: insert, wires: [['tell']] },
  { id: 'tell', type: 'function', z: 'tab', outputs: 1, libs: [], wires: [['out']],
    func: 'msg.statusCode = 201; msg.payload = { uid: msg.uid }; delete msg.params; return msg;' },
  { id: 'out', type: 'http response', z: 'tab', wires: [] },
];
writeFileSync(`${user}/flows.json`, JSON.stringify(flow));
writeFileSync(`${user}/settings.js`, `module.exports = {
  flowFile: 'flows.json', uiHost: '127.0.0.1', uiPort: ${PORT}, httpAdminRoot: false, apiMaxLength: '64mb',
  credentialSecret: false, telemetry: { enabled: false }, logging: { console: { level: 'warn' } },
  functionGlobalContext: { tools: {
    crypto: require('crypto'), files: require('fs/promises'), folder: ${JSON.stringify(DIR)} } },
};`);

const db = new sqlite3.Database(`${DIR}/peer.sqlite`);
db.exec(readFileSync('tables.sql', 'utf8') + split, (error) => {
  if (error) throw error;
  db.close();
});
