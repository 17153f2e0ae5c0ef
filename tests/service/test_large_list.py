"""The list of 100,000 claims: pages, filters, orders and searches stay fast, and all claims can be exported."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest
from sqlalchemy import insert

from x12proc.service.db.store import Store
from x12proc.service.db.tables import ClaimRow, FindingRow, Party, Run
from x12proc.service.web.worklist import ORDERS, Filters, list_claims, neighbors

CLAIMS = 100_000
TODAY = date(2026, 12, 1)
MOST_SECONDS = 1.5  # several times what it takes, for a machine that is busy


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Return a store with many claims of 200 runs."""
    filled = Store(tmp_path_factory.mktemp("large") / "data")
    with filled.writing() as session:
        parties = [{"id": n, "kind": "payer", "code": str(n), "name": f"PARTY {n:03}"} for n in range(1, 101)]
        session.execute(insert(Party), parties)
        session.execute(insert(Run), [run_values(number) for number in range(200)])
        session.execute(insert(ClaimRow), [claim_values(number) for number in range(CLAIMS)])
        hits = {"rule": "NAR04", "severity": "reject", "state": "open", "initial": True}
        session.execute(insert(FindingRow), [hits | {"claim_id": number + 1} for number in range(CLAIMS)])
    yield filled
    filled.close()


def run_values(number: int) -> dict[str, object]:
    texts = {
        "key_name": "k",
        "name": "n",
        "state": "done",
        "status": "rejected",
        "created": "2026-11-01T00:00:00Z",
    }
    plain = {"options": {}, "emit": [], "summary": {}, "withheld": {}, "bytes": 1}
    return texts | plain | {"id": f"{number:016x}", "sha256": str(number)}


def claim_values(number: int) -> dict[str, object]:
    scattered = number * 7919 % CLAIMS
    return {
        "id": number + 1,
        "run_id": f"{number % 200:016x}",
        "ordinal": number,
        "claim_number": f"C{scattered}",
        "patient": f"PATIENT {scattered % 5000}, ANN",
        "drug": "Omvoh",
        "search_text": f"c{scattered}\npatient {scattered % 5000} ann\nmember{scattered}\n1457002313\nomvoh",
        "payer_id": scattered % 40 + 1,
        "provider_id": scattered % 60 + 41,
        "profile": "default",
        "charge": "1",
        "cents": scattered,
        "service_date": (date(2025, 1, 1) + timedelta(scattered % 600)).isoformat(),
        "initial_disposition": "rejected",
        "disposition": "rejected",
        "span": b"",
    }


def seconds(work: Callable[[], object]) -> float:
    """Return the shortest time of three."""
    times = []
    for _ in range(3):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("number", [1, CLAIMS // 50])
def test_every_page_in_every_order_is_fast(store: Store, order: str, number: int) -> None:
    filters = Filters(view="open", order=order, page=number)  # type: ignore[arg-type]  # one of ORDERS
    assert len(list_claims(store, filters, TODAY).entries) == 50
    assert seconds(lambda: list_claims(store, filters, TODAY)) < MOST_SECONDS


def test_searches_filters_and_neighbors_are_fast(store: Store) -> None:
    assert list_claims(store, Filters(), TODAY, "member4711 omvoh").count == 11  # and 47110 to 47119
    assert seconds(lambda: list_claims(store, Filters(), TODAY, "member4711 omvoh")) < MOST_SECONDS
    assert seconds(lambda: list_claims(store, Filters(rule="NAR04", payer=3), TODAY)) < MOST_SECONDS
    assert seconds(lambda: neighbors(store, Filters(order="payer"), TODAY, "", 500)) < MOST_SECONDS


def test_all_claims_are_exported_with_their_findings(store: Store) -> None:
    listed = list_claims(store, Filters(), TODAY, most=CLAIMS)
    assert len(listed.entries) == CLAIMS
    assert all(entry.findings == [("NAR04", "reject")] for entry in listed.entries)
    cents = [entry.row.cents or 0 for entry in listed.entries]
    assert cents == sorted(cents, reverse=True)
