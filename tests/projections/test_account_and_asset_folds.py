"""Accounts, their API tokens, and assets after each of their facts."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.accounts import events as accounts
from domain.assets import events as assets
from projections.accounts import accounts as account_model
from projections.accounts import api_tokens as token_model
from projections.assets import assets as asset_model
from tests.support.book import NOON
from tests.support.telling import ACCOUNT, Told, happened

TOKEN, ASSET = UUID(int=5), UUID(int=6)
REGISTERED = happened(
    accounts.AccountRegistered, 1, stream=ACCOUNT, sealed_profile="s1.a", email_index="e", sealed_password_hash="s1.secret", roles=["user"]
)
ISSUED = {"token_id": TOKEN, "token_hash": "ff", "sealed_name": "s1.n", "scopes": ["audit"], "expires_at": None}


def account_after(kind: Any, **values: Any) -> account_model.AccountRow:
    told = Told(account_model.MODEL, {}).given([REGISTERED, happened(kind, 2, stream=ACCOUNT, **values)])
    (row,) = told.rows(account_model.UPSERT)
    assert (row.position, row.updated_at, row.created_position) == (2, NOON + timedelta(minutes=2), 1)
    return row


def test_a_registered_account_is_active_and_shows_no_secret():
    (row,) = Told(account_model.MODEL, {}).given([REGISTERED]).rows(account_model.UPSERT)
    assert (row.id, row.sealed_profile, row.email_index, row.roles, row.status, row.limits) == (
        ACCOUNT,
        "s1.a",
        "e",
        ["user"],
        "active",
        {},
    )
    assert row.created_at == row.updated_at == row.password_changed_at == NOON + timedelta(minutes=1)
    assert "secret" not in repr(row)


@pytest.mark.parametrize(
    ("kind", "values", "column", "expected"),
    [
        (accounts.ProfileChanged, {"sealed_profile": "s1.b"}, "sealed_profile", "s1.b"),
        (accounts.RolesChanged, {"roles": ["auditor"], "reason": "x"}, "roles", ["auditor"]),
        (accounts.LimitsChanged, {"limits": {"api": "1/1"}, "reason": "x"}, "limits", {"api": "1/1"}),
        (accounts.AccountSuspended, {"reason": "x"}, "status", "suspended"),
        (accounts.AccountReactivated, {"reason": "x"}, "status", "active"),
        (accounts.PasswordChanged, {"sealed_password_hash": "h", "by": "owner"}, "password_changed_at", NOON + timedelta(minutes=2)),
        (accounts.PasswordResetIssued, {"token_hash": "t", "expires_at": NOON, "reason": "x"}, "status", "active"),
        (accounts.ApiTokenIssued, ISSUED, "status", "active"),
        (accounts.ApiTokenRevoked, {"token_id": TOKEN}, "status", "active"),
    ],
)
def test_each_fact_of_an_account_changes_its_column_and_its_position(kind: Any, values: dict[str, Any], column: str, expected: Any):
    assert getattr(account_after(kind, **values), column) == expected


def test_a_token_is_listed_from_its_issue_on():
    told = Told(token_model.MODEL, token_model.Present()).given([happened(accounts.ApiTokenIssued, 7, stream=ACCOUNT, **ISSUED)])
    (row,) = told.rows(token_model.INSERT)
    assert (row.id, row.account_id, row.sealed_name, row.scopes, row.expires_at) == (TOKEN, ACCOUNT, "s1.n", ["audit"], None)
    assert (row.created_position, row.created_at) == (7, NOON + timedelta(minutes=7))


def test_a_token_revoked_in_its_own_batch_is_never_written():
    revoked = happened(accounts.ApiTokenRevoked, 8, stream=ACCOUNT, token_id=TOKEN)
    told = Told(token_model.MODEL, token_model.Present()).given([happened(accounts.ApiTokenIssued, 7, stream=ACCOUNT, **ISSUED), revoked])
    assert told.rows(token_model.INSERT) == told.rows(token_model.DELETE) == []


def test_a_token_from_before_is_taken_away():
    told = Told(token_model.MODEL, token_model.Present()).given([happened(accounts.ApiTokenRevoked, 8, stream=ACCOUNT, token_id=TOKEN)])
    assert [row.id for row in told.rows(token_model.DELETE)] == [TOKEN]


STORED: dict[str, Any] = {
    "account_id": ACCOUNT,
    "kind": "image",
    "source": "generation",
    "generation_id": TOKEN,
    "content_type": "image/png",
    "bytes": 10,
    "sha256": "ab",
    "width": 1,
    "height": 2,
    "duration_ms": None,
    "object_key": "a/b",
    "thumbnail_key": None,
    "sealed_filename": "s1.f",
}
STORE = happened(assets.AssetStored, 1, stream=ASSET, **STORED)
RENAME = happened(assets.AssetRenamed, 2, stream=ASSET, sealed_filename="s1.g")
DELETE = happened(assets.AssetDeleted, 3, stream=ASSET)


def test_an_asset_is_stored_renamed_and_deleted_in_one_batch():
    told = Told(asset_model.MODEL, asset_model.Present()).given([STORE])
    (row,) = told.rows(asset_model.INSERT)
    assert {name: getattr(row, name) for name in STORED} == STORED
    assert (row.id, row.deleted, row.created_position, row.position) == (ASSET, False, 1, 1)
    told.given([RENAME, DELETE])
    (row,) = told.rows(asset_model.INSERT)
    assert (row.sealed_filename, row.deleted, row.position, row.updated_at) == ("s1.g", True, 3, NOON + timedelta(minutes=3))
    assert told.rows(asset_model.UPDATE) == []


def test_an_asset_from_before_is_patched():
    told = Told(asset_model.MODEL, asset_model.Present()).given([RENAME])
    (patch,) = told.rows(asset_model.UPDATE)
    assert (patch.id, patch.sealed_filename, patch.deleted, patch.position) == (ASSET, "s1.g", False, 2)
    told.given([DELETE])
    (patch,) = told.rows(asset_model.UPDATE)
    assert (patch.sealed_filename, patch.deleted, patch.position) == ("s1.g", True, 3)


SHARE = happened(assets.AssetShared, 4, stream=ASSET, token_hash="ab", sealed_token="s1.t", expires_at=NOON)
UNSHARE = happened(assets.AssetUnshared, 5, stream=ASSET)


def test_a_shared_asset_has_its_link_until_it_is_ended():
    told = Told(asset_model.MODEL, asset_model.Present()).given([STORE, SHARE])
    (row,) = told.rows(asset_model.INSERT)
    assert (row.sealed_share_token, row.share_expires_at, row.position) == ("s1.t", NOON, 4)
    told.given([UNSHARE])
    (row,) = told.rows(asset_model.INSERT)
    assert (row.sealed_share_token, row.share_expires_at, row.position) == (None, None, 5)


def test_a_share_of_an_asset_from_before_is_patched_and_its_end_too():
    told = Told(asset_model.MODEL, asset_model.Present()).given([SHARE])
    (patch,) = told.rows(asset_model.UPDATE)
    assert (patch.share_changed, patch.sealed_share_token, patch.share_expires_at) == (True, "s1.t", NOON)
    (patch,) = told.given([UNSHARE]).rows(asset_model.UPDATE)
    assert (patch.share_changed, patch.sealed_share_token) == (True, None)
    (patch,) = Told(asset_model.MODEL, asset_model.Present()).given([RENAME]).rows(asset_model.UPDATE)
    assert patch.share_changed is False
