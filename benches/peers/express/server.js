// What an integrator would write with Express: check, write the photos, write the rows, answer.
const { randomUUID } = require('crypto');
const { mkdirSync, readFileSync } = require('fs');
const { writeFile } = require('fs/promises');
const express = require('express');
const Database = require('better-sqlite3');

const { DIR, PORT } = process.env;
mkdirSync(`${DIR}/photos`);
const db = new Database(`${DIR}/peer.sqlite`);
db.exec(readFileSync('tables.sql', 'utf8'));
db.pragma('synchronous = FULL');
const signalement = db.prepare('INSERT INTO signalements VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
const photo = db.prepare('INSERT INTO photos VALUES (?, ?, ?)');
const outbox = db.prepare('INSERT INTO outbox (uid, content, delivered) VALUES (?, ?, 0)');
const save = db.transaction((uid, it, sizes) => {
  signalement.run(uid, it.qualification, it.residence, it.bien, it.auteur, it.email_auteur,
    it.date_creation, it.priorite, it.description, it.lien_sowell);
  sizes.forEach((size, position) => photo.run(uid, position, size));
  const { residence, description, lien_sowell } = it;
  outbox.run(uid, JSON.stringify({ uid, residence, description, lien_sowell }));
});

const required = ['qualification', 'residence', 'auteur', 'email_auteur', 'date_creation', 'priorite',
  'description', 'lien_sowell'];
const valid = (it) => required.every((key) => typeof it[key] === 'string' && it[key])
  && it.email_auteur.includes('@') && !Number.isNaN(Date.parse(it.date_creation));

const app = express();
app.use(express.json({ limit: '64mb' }));
app.post('/api/v1/signalements', async (request, response) => {
  const it = request.body;
  const photos = (it.photos ?? []).map((text) => Buffer.from(text, 'base64'));
  if (!valid(it) || photos.some((bytes) => bytes.readUInt16BE(0) !== 0xffd8)) {
    return response.status(422).json({ detail: 'invalid' });
  }
  const uid = randomUUID();
  for (const [position, bytes] of photos.entries()) {
    await writeFile(`${DIR}/photos/${uid}-${position}.jpg`, bytes);
  }
  save(uid, it, photos.map((bytes) => bytes.length));
  return response.status(201).json({ uid });
});
app.listen(Number(PORT), '127.0.0.1');
