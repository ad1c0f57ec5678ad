"""Asks a running platform three things with a generated client: see docs/generated-clients.md."""

import sys
from typing import Any

import httpx

from decent_cloud import Client
from decent_cloud.api.offerings import search_offerings
from decent_cloud.api.payments import get_wallet
from decent_cloud.api.platform import get_health
from decent_cloud.models import ErrorEnvelope
from decent_cloud.types import Response
from signing import Caller

DEADLINE = httpx.Timeout(30)


def run(api_url: str, key_file: str) -> None:
    me = Caller(key_file)
    anybody = Client(base_url=api_url, timeout=DEADLINE)
    signed = Client(base_url=api_url, timeout=DEADLINE, httpx_args={"event_hooks": {"request": [me.sign]}})

    health = done(get_health.sync_detailed(client=anybody))
    print("health:", health.message)

    for offering in done(search_offerings.sync_detailed(client=anybody, limit=3)).data:
        print(f"offering: {offering.offer_name}, {offering.monthly_price:.2f} {offering.currency} a month")

    balance = done(get_wallet.sync_detailed(me.public_key, client=signed)).data.balance_e9_s
    if balance is None:
        print("wallet: never topped up")
    else:
        print(f"wallet: {balance // 10**9}.{balance % 10**9:09} USD")


def done(response: Response[Any]) -> Any:
    """What a success holds. Programs branch on the code of a refusal."""
    parsed = response.parsed
    if isinstance(parsed, ErrorEnvelope):
        sys.exit(f"{parsed.code}: {parsed.error} ({response.status_code}, request {parsed.request_id})")
    if response.status_code != 200 or parsed is None:
        sys.exit(f"unexpected answer: {response.status_code}")
    return parsed


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python main.py http://localhost:59011 me.pem")
    run(sys.argv[1], sys.argv[2])
