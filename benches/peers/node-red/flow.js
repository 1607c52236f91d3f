// The function of the flow: checks, writes the photos, and makes the row. Node-RED wraps it.
const { crypto, files, folder } = global.get('tools');
const it = msg.payload;
const required = ['qualification', 'residence', 'auteur', 'email_auteur', 'date_creation', 'priorite',
  'description', 'lien_sowell'];
const photos = (it.photos ?? []).map((text) => Buffer.from(text, 'base64'));
const valid = required.every((key) => typeof it[key] === 'string' && it[key])
  && it.email_auteur.includes('@') && !Number.isNaN(Date.parse(it.date_creation))
  && photos.every((bytes) => bytes.readUInt16BE(0) === 0xffd8);
if (!valid) {
  msg.statusCode = 422;
  msg.payload = { detail: 'invalid' };
  return [null, msg];
}
const uid = crypto.randomUUID();
for (const [position, bytes] of photos.entries()) {
  await files.writeFile(`${folder}/photos/${uid}-${position}.jpg`, bytes);
}
const { residence, description, lien_sowell } = it;
msg.uid = uid;
msg.params = {
  $uid: uid,
  $bien: it.bien,
  $photos: JSON.stringify(photos.map((bytes) => bytes.length)),
  $waiting: JSON.stringify({ uid, residence, description, lien_sowell }),
};
for (const key of required) msg.params[`$${key}`] = it[key];
// Otherwise the flow would carry the photos along.
delete msg.payload;
delete msg.req.body;
return [msg, null];
