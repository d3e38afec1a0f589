"""What the demo's Kestra holds when it starts."""

from __future__ import annotations

from typing import Any

from inspector.demo.lifecycle import Flow

FLOWS = (
    Flow(
        "shop.orders",
        "import-orders",
        "Fetch the day's orders and load them.",
        ("fetch", "clean", "load"),
        run=5.0,
        fails_every=4,
        every=20.0,
    ),
    Flow(
        "shop.orders",
        "reconcile-payments",
        "Compare orders with what the bank says.",
        ("read-bank", "match", "report"),
        queue=2.0,
        run=7.0,
        after=("import-orders",),
    ),
    Flow(
        "prod.payments",
        "refund-batch",
        "Pay back a list of orders; somebody confirms the sum first.",
        ("collect", "sum-up", "pay-out"),
        run=3.0,
        pauses=True,
    ),
    Flow(
        "shop.media",
        "transcode-videos",
        "Make product videos small. One at a time, so the queue is long.",
        ("probe", "transcode", "publish"),
        queue=150.0,
        run=12.0,
        every=10.0,
    ),
    Flow("shop.media", "thumbnails", "Cut pictures to size.", ("scan", "resize"), run=2.5, every=30.0),
    Flow(
        "data.warehouse",
        "nightly-rollup",
        "Sum up the tables that the dashboards read.",
        ("snapshot", "rollup", "vacuum"),
        queue=4.0,
        run=15.0,
        fails_every=3,
    ),
    Flow("data.warehouse", "schema-check", "Look for columns that changed.", ("inspect",), run=1.5, every=60.0),
    Flow("ops.alerts", "page-on-call", "Wake somebody up.", ("page",), queue=0.2, run=0.8),
)

FILES: dict[str, dict[str, str]] = {
    "shop.orders": {
        "/scripts/clean.py": "import csv, sys\n\nfor row in csv.reader(sys.stdin):\n    print(row[0].strip())\n",
        "/sql/orders.sql": "select id, total, currency\nfrom orders\nwhere day = :day;\n",
        "/README.md": "# Orders\n\nThe import runs every few minutes.\n",
    },
    "data.warehouse": {"/sql/rollup.sql": "insert into daily select day, sum(total) from orders group by day;\n"},
}

KV: dict[str, dict[str, Any]] = {
    "shop.orders": {"last_import": "2026-11-21T06:00:00Z", "currency": "EUR", "batch_size": 500},
    "data.warehouse": {"watermark": 184467, "freeze": False},
}

APPS: dict[str, dict[str, Any]] = {
    "app-refunds": {
        "uid": "app-refunds",
        "name": "Refund desk",
        "namespace": "prod.payments",
        "flowId": "refund-batch",
        "tags": ["finance"],
        "enabled": True,
    },
}

GROUPS: dict[str, dict[str, Any]] = {
    "grp-data": {"id": "grp-data", "name": "Data", "description": "People of the warehouse", "role": "developer"},
}

ANNOUNCEMENTS: dict[str, dict[str, Any]] = {
    "ann-1": {"id": "ann-1", "message": "Maintenance on Sunday, 02:00 UTC", "type": "INFO", "active": True},
}

TESTS: dict[str, dict[str, Any]] = {
    "orders-smoke": {"id": "orders-smoke", "namespace": "shop.orders", "flowId": "import-orders", "cases": 3},
}
