"""Sellers who charge tax, and tax numbers that are right."""

from typing import Any, Final

from tests.support.app_harness import World
from tests.support.assertions import ok

MUMBAI: Final = "27AAPFU0939F1ZV"
BENGALURU: Final = "29AAPFU0939F1ZR"
SELLER: Final[dict[str, Any]] = {
    "name": "Partimer Services Pvt Ltd",
    "address": "14 Hill Road, Bandra West, Mumbai 400050",
    "tax_id": MUMBAI,
    "tax_pack": "india",
    "rate_basis_points": 1_800,
    "service_code": "998519",
}


def put_settings(world: World, **sections: Any) -> Any:
    """Let an administrator change the policy; the answer."""
    return world.admin().put("/api/admin/settings", sections)


def charge_tax(world: World, **seller: Any) -> None:
    """Let this installation's seller charge GST."""
    ok(put_settings(world, seller=SELLER | seller))
