"""The shape of each fact, written down once more: topic -> the fields of its state. The verifier knows no others."""

from collections.abc import Mapping
from typing import Any

from projections.audit.entries import Entry, differs

_WORDS: Mapping[str, str] = {
    "accounts.api_token_issued": "expires_at scopes sealed_name timestamp token_hash token_id",
    "accounts.api_token_revoked": "timestamp token_id",
    "accounts.erased": "requested_at timestamp",
    "accounts.erasure_requested": "by sealed_reason timestamp",
    "accounts.limits_changed": "limits reason timestamp",
    "accounts.password_changed": "by sealed_password_hash timestamp",
    "accounts.password_reset_issued": "expires_at reason timestamp token_hash",
    "accounts.profile_changed": "sealed_profile timestamp",
    "accounts.reactivated": "reason timestamp",
    "accounts.registered": "email_index originator_topic roles sealed_password_hash sealed_profile timestamp",
    "accounts.roles_changed": "reason roles timestamp",
    "accounts.suspended": "reason timestamp",
    "assets.deleted": "cause timestamp",
    "assets.renamed": "sealed_filename timestamp",
    "assets.shared": "expires_at sealed_token timestamp token_hash",
    "assets.stored": (
        "account_id bytes content_type duration_ms generation_id height kind object_key originator_topic "
        "sealed_filename sha256 source thumbnail_key timestamp width"
    ),
    "assets.unshared": "timestamp",
    "credits.account_opened": "account_id originator_topic timestamp",
    "credits.adjusted": "adjustment_id amount parts reason timestamp",
    "credits.debt_cleared": "amount parts timestamp",
    "credits.debt_incurred": "amount cause deferred grant_id reason source timestamp",
    "credits.grant_expired": "amount grant_id timestamp",
    "credits.granted": "amount charge_id expires_at grant_id order_id priority reason refund_id sealed_memo source timestamp",
    "credits.held": "amount generation_id kind parts timestamp",
    "credits.hold_captured": "charged generation_id held kind parts returned timestamp",
    "credits.hold_released": "amount generation_id kind parts timestamp",
    "credits.grant_revoked": "amount cause deferred grant_id reason source timestamp",
    "credits.resumed": "reason timestamp",
    "credits.revocation_deferred": "amount cause grant_id reason timestamp",
    "credits.suspended": "reason timestamp",
    "generations.cancel_requested": "actor timestamp",
    "generations.canceled": "actor charged paid_by released sealed_output timestamp usage",
    "generations.charge_refunded": "amount grant_id reason refund_id timestamp",
    "generations.deleted": "timestamp",
    "generations.failed": "charged code message paid_by released retryable sealed_output timestamp usage",
    "generations.queued": "timestamp",
    "generations.repeated": "again charge timestamp",
    "generations.requested": (
        "account_id batch_id deadline fallback_models inputs kind model on_cancel originator_topic own_key params price_version "
        "priority provider queue quoted rate rate_per rate_unit retry_of run_at schedule_id sealed "
        "start_deadline tag_index timestamp webhook"
    ),
    "generations.retrying": "attempt code model provider rate rate_per rate_unit run_at timestamp",
    "generations.started": "attempt timestamp worker",
    "generations.submitted": "attempt sealed_job submit timestamp",
    "generations.submitting": "attempt submit timestamp",
    "generations.succeeded": "asset_ids attempt charged paid_by released sealed_output timestamp usage",
    "notary.balances_sealed": "accounts checkpoints last_checkpoint position root timestamp",
    "notary.log_restored": "incarnation lost_from timestamp",
    "notary.opened": "originator_topic timestamp",
    "operators.desk_opened": "account_id originator_topic timestamp",
    "operators.generations_ordered": "charge generation_ids order_id reason timestamp what",
    "operators.queue_paused": "queue reason timestamp",
    "operators.queue_resumed": "queue reason timestamp",
    "operators.worker_drained": "reason timestamp worker",
    "orders.canceled": "cause timestamp",
    "orders.checkout_opened": "expires_at reference sealed_url timestamp",
    "orders.paid": "amount credits currency expires_at grant_id payment reference revoked timestamp",
    "orders.placed": (
        "account_id amount credits currency livemode originator_topic package price_version provider sealed_urls timestamp valid_days"
    ),
    "orders.reversal_undone": "credits expires_at grant_id reversal timestamp",
    "orders.reversed": "kind reversal taken timestamp total",
    "provider_keys.opened": "account_id originator_topic timestamp",
    "provider_keys.removed": "key_id provider timestamp",
    "provider_keys.set": "key_id provider timestamp",
    "schedules.changed": "cron kind model next_at paused sealed time_zone timestamp",
    "schedules.created": "account_id cron kind model next_at originator_topic paused sealed time_zone timestamp",
    "schedules.deleted": "timestamp",
    "schedules.fired": "code due_at generation_id next_at timestamp",
    "subscriptions.cancel_requested": "timestamp",
    "subscriptions.changed": "at cancel_at_period_end reference status timestamp",
    "subscriptions.checkout_opened": "expires_at reference sealed_url timestamp",
    "subscriptions.ended": "cause timestamp",
    "subscriptions.period_paid": ("amount credits currency grant_id invoice payment period_end period_start reference timestamp"),
    "subscriptions.period_reversal_undone": "credits expires_at grant_id invoice reversal timestamp",
    "subscriptions.period_reversed": "invoice kind reversal taken timestamp total",
    "subscriptions.period_unpaid": "at invoice timestamp",
    "subscriptions.requested": (
        "account_id amount credits currency livemode originator_topic plan price_version provider sealed_urls timestamp"
    ),
    "webhooks.account_secret_issued": "overlap_until sealed_secret timestamp",
    "webhooks.endpoint_added": "endpoint_id events sealed_description sealed_secret sealed_url timestamp",
    "webhooks.endpoint_changed": "endpoint_id events sealed_description sealed_url timestamp",
    "webhooks.endpoint_deleted": "endpoint_id timestamp",
    "webhooks.endpoint_disabled": "cause endpoint_id timestamp",
    "webhooks.endpoint_enabled": "endpoint_id timestamp",
    "webhooks.endpoint_secret_rotated": "endpoint_id overlap_until sealed_secret timestamp",
    "webhooks.endpoint_tested": "delivery_id endpoint_id timestamp",
    "webhooks.opened": "account_id originator_topic timestamp",
    "webhooks.redelivery_requested": "delivery_id endpoint_id timestamp",
}
#: Fields that facts of earlier releases do not have.
LATER: Mapping[str, frozenset[str]] = {
    "assets.deleted": frozenset({"cause"}),
    "generations.canceled": frozenset({"sealed_output", "usage"}),
    "generations.failed": frozenset({"paid_by", "sealed_output", "usage"}),
    "generations.requested": frozenset({"own_key", "rate", "rate_per", "rate_unit", "webhook"}),
    "generations.retrying": frozenset({"model", "provider", "rate", "rate_per", "rate_unit"}),
    "notary.balances_sealed": frozenset({"checkpoints", "last_checkpoint"}),
}
FIELDS: Mapping[str, frozenset[str]] = {topic: frozenset(words.split()) for topic, words in _WORDS.items()}


def check_shape(entry: Entry, fact: dict[str, Any]) -> None:
    """Raises Differs for a topic that is not known here, and for a field that is missing or too many."""
    fields = FIELDS.get(entry.topic)
    if fields is None:
        differs(entry, "a topic that this verifier does not know; a newer release may")
    if fact.keys() != fields and fact.keys() | LATER.get(entry.topic, frozenset()) != fields:
        differs(
            entry, "the fact has other fields than its topic", expected=sorted(fields - fact.keys()), found=sorted(fact.keys() - fields)
        )
