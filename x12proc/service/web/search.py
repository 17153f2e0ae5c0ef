"""Searches of the list of claims. Their texts are stored, since a URL must hold no value of a claim."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import select

from x12proc.service.db.store import Store
from x12proc.service.db.tables import ClaimRow, Search, utc_now
from x12proc.service.jobs.claim_index import search_form

_MOST_WORDS = 8
_LONGEST = 200  # characters


def store_search(store: Store, key_id: int, text: str) -> str:
    """Store the text of a search for the user of a key, and return its id."""
    search_id = secrets.token_hex(8)
    row = Search(id=search_id, key_id=key_id, text=" ".join(text.split())[:_LONGEST], created=utc_now())
    with store.writing() as session:
        session.add(row)
    return search_id


def search_text(store: Store, key_id: int, search_id: str) -> str | None:
    """Return the text of a search that the user of a key made; None where there is none, or no longer."""
    with store.reading() as session:
        return session.scalar(select(Search.text).where(Search.id == search_id, Search.key_id == key_id))


def search_conditions(text: str) -> list[Any]:
    """Return the conditions that each word of a search is in a claim's numbers, names or drug."""
    words = search_form(text).split()[:_MOST_WORDS]
    return [ClaimRow.search_text.contains(word, autoescape=True) for word in words]
