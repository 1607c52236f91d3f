"""What an integrator would write with FastAPI: check, write the photos, write the rows, answer."""

import base64
import json
import os
import sqlite3
import threading
import uuid
from datetime import datetime
from pathlib import Path

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

FOLDER = Path(os.environ["DIR"])
(FOLDER / "photos").mkdir()
connections = threading.local()


class Signalement(BaseModel):
    qualification: str = Field(min_length=1)
    residence: str = Field(min_length=1)
    bien: str | None = None
    auteur: str = Field(min_length=1)
    email_auteur: str = Field(pattern=".+@.+")
    date_creation: datetime
    priorite: str = Field(min_length=1)
    description: str = Field(min_length=1)
    photos: list[str] = []
    lien_sowell: str = Field(min_length=1)


def database() -> sqlite3.Connection:
    """Each thread has its own."""
    if not hasattr(connections, "it"):
        connections.it = sqlite3.connect(FOLDER / "peer.sqlite", timeout=30, isolation_level=None)
        connections.it.execute("PRAGMA synchronous = FULL")
    return connections.it


database().executescript(Path("tables.sql").read_text())
app = FastAPI()


# Not async: FastAPI runs such a handler on a thread, where it may wait for the disk.
@app.post("/api/v1/signalements", status_code=201)
def create(it: Signalement):
    uid = str(uuid.uuid4())
    photos = []
    for position, text in enumerate(it.photos):
        photo = base64.b64decode(text)
        if not photo.startswith(b"\xff\xd8"):
            raise HTTPException(422, "not a JPEG")
        (FOLDER / "photos" / f"{uid}-{position}.jpg").write_bytes(photo)
        photos.append((uid, position, len(photo)))
    row = (uid, it.qualification, it.residence, it.bien, it.auteur, it.email_auteur,
           it.date_creation.isoformat(), it.priorite, it.description, it.lien_sowell)
    waiting = json.dumps({"uid": uid, "residence": it.residence, "description": it.description,
                          "lien_sowell": it.lien_sowell})
    with database() as db:
        db.execute("BEGIN IMMEDIATE")
        db.execute("INSERT INTO signalements VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        db.executemany("INSERT INTO photos VALUES (?, ?, ?)", photos)
        db.execute("INSERT INTO outbox (uid, content, delivered) VALUES (?, ?, 0)", (uid, waiting))
    return {"uid": uid}
