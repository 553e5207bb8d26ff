"""The table of contents of the API: URL -> endpoint, with what each needs, takes and answers. Alphabetical by template."""

from api import (
    access,
    accounts,
    admin_accounts,
    admin_credits,
    admin_fleet,
    admin_generations,
    api_tokens,
    assets,
    audit,
    audit_proofs,
    audit_verifier,
    batches,
    callbacks,
    credits,
    erasure,
    events,
    generations,
    health,
    models,
    objects,
    payments,
    personal_export,
    provider_keys,
    purchases,
    schedules,
    sharing,
    subscriptions,
    uploads,
    usage,
    webhooks,
)
from api.docs import endpoints as documents
from api.kit.answer import Page
from api.kit.permission import ANYONE_SUSPENDED, AUDITOR, OPERATOR, PUBLIC, SESSION, SESSION_SUSPENDED, scope
from api.kit.refusals import InvalidToken, NotFound, PositionUnknown
from api.kit.route import Route
from api.limits import BATCH, GENERATIONS, INBOUND, LOGIN, PURCHASES, REFRESH, REGISTER, RESET, SENSITIVE
from api.shapes import access as access_shapes
from api.shapes import accounts as account_shapes
from api.shapes import admin as admin_shapes
from api.shapes import admin_fleet as fleet_shapes
from api.shapes import admin_generations as admin_generation_shapes
from api.shapes import api_tokens as token_shapes
from api.shapes import assets as asset_shapes
from api.shapes import audit as audit_shapes
from api.shapes import audit_proofs as proof_shapes
from api.shapes import credits as credit_shapes
from api.shapes import erasure as erasure_shapes
from api.shapes import models as model_shapes
from api.shapes import personal_export as export_shapes
from api.shapes import provider_keys as provider_key_shapes
from api.shapes import purchases as purchase_shapes
from api.shapes import schedules as schedule_shapes
from api.shapes import submissions
from api.shapes import subscriptions as subscription_shapes
from api.shapes import telling as telling_shapes
from api.shapes import usage as usage_shapes
from api.shapes import webhooks as webhook_shapes
from api.shapes.generations import Batch, Generation
from domain.access.refusals import RefreshTokenInvalid, RefreshTokenReused, WrongCredentials
from domain.accounts.refusals import AccountSuspended, EmailTaken, OwnSuspension, PasswordChangedMeanwhile, TooManyApiTokens
from domain.assets.media import MediaRejected
from domain.assets.refusals import RenditionRefused, ShareNotFound, UploadMalformed, UploadQuotaReached, UploadsAtOnce, UploadTooLarge
from domain.assets.storage import SignedUrlRefused
from domain.credits.refusals import (
    AdjustmentInvalid,
    AsOfOutOfRange,
    ChargeFullyRefunded,
    CreditAccountNotFound,
    DebtOutstanding,
    EffectiveTimeRefused,
    GrantNotLive,
    GrantWasPaid,
    InsufficientCredits,
    NothingToRefund,
    RefundExceedsCharge,
    TooManyOpenGenerations,
)
from domain.generations.refusals import GenerationFinal, GenerationOpen
from domain.operators.refusals import OrderRefused
from domain.orders.refusals import OrderClosed
from domain.outgoing.refusals import UrlRefused
from domain.payments.ports import MessageUnreadable, PaymentsRefused, SignatureRefused
from domain.payments.refusals import PaymentMismatch
from domain.provider_keys.refusals import ProviderTakesNoKey
from domain.schedules.refusals import CronRefused, ScheduleMovedOn, TimeZoneUnknown, TooManySchedules
from domain.subscriptions.refusals import SubscriptionEnded, SubscriptionExists
from domain.telling.refusals import TicketsUnavailable, TooManyStreams
from domain.webhooks.refusals import TooManyWebhookEndpoints, WebhookDeliveryNotFound, WebhookEndpointDisabled, WebhookSecretMissing
from projections.notary.proof_refusals import (
    AccountNotSealed,
    BalancesNotSealed,
    CheckpointNotFound,
    EntryNotFound,
    NotYetNotarised,
    SealedLogDiffers,
)

READ, WRITE = scope("generations:read"), scope("generations:write")

# A table reads best with one row a line, however long.
# ruff: noqa: E501
# fmt: off
ROUTES: list[Route] = [
    Route("GET /docs", documents.docs, PUBLIC, {200: "text/html"}, tag="documents"),
    Route("GET /docs/search.js", documents.script, PUBLIC, {200: "text/javascript"}, free=True, tag="documents"),
    Route("GET /docs/style.css", documents.style, PUBLIC, {200: "text/css"}, free=True, tag="documents"),
    Route("GET /health/live", health.live, PUBLIC, {200: health.Live}, "Is the process there", free=True),
    Route("GET /health/ready", health.ready, PUBLIC, {200: health.Ready, 503: health.Ready}, "Can it serve", free=True),
    Route("GET /metrics", health.metrics, PUBLIC, {200: "text/plain"}, "Prometheus metrics of this process", free=True, refusals=[InvalidToken]),
    Route("GET /objects/{key}", objects.serve, PUBLIC, {200: "application/octet-stream", 206: "application/octet-stream"}, free=True, documented=False, refusals=[SignedUrlRefused]),
    Route("GET /openapi.json", documents.openapi, PUBLIC, {200: "application/json"}, tag="documents"),
    Route("GET /problems/{code}", documents.problem, PUBLIC, {200: "text/html"}, tag="documents"),
    Route("GET /v1/admin/accounts", admin_accounts.listed, OPERATOR, {200: Page[admin_shapes.AdminAccountRow]}, "Accounts", "admin", reads="accounts"),
    Route("GET /v1/admin/accounts/{id}", admin_accounts.show, OPERATOR, {200: admin_shapes.AdminAccount}, "An account", "admin", reads="accounts", etag=True),
    Route("PATCH /v1/admin/accounts/{id}", admin_accounts.change, OPERATOR, {200: admin_shapes.AdminAccount}, "Change roles and limits", "admin"),
    Route("POST /v1/admin/accounts/{id}/adjustments", admin_credits.adjust, OPERATOR, {201: admin_shapes.Adjustment}, "Correct the credits", "admin", render=admin_credits.adjusted, refusals=[AdjustmentInvalid]),
    Route("GET /v1/admin/accounts/{id}/balance", admin_accounts.balance, OPERATOR, {200: admin_shapes.AdminBalance}, "An account's credits and holds", "admin"),
    Route("POST /v1/admin/accounts/{id}/erasure", erasure.request_for, OPERATOR, {202: erasure_shapes.Erasure}, "Erase an account", "admin", render=erasure.requested),
    Route("POST /v1/admin/accounts/{id}/grants", admin_credits.grant, OPERATOR, {201: admin_shapes.Grant}, "Grant credits", "admin", render=admin_credits.granted, refusals=[EffectiveTimeRefused]),
    Route("POST /v1/admin/accounts/{id}/grants/{grant_id}/revoke", admin_credits.revoke, OPERATOR, {201: admin_shapes.Revocation}, "Take a grant back", "admin", render=admin_credits.revoked, refusals=[GrantNotLive, GrantWasPaid]),
    Route("POST /v1/admin/accounts/{id}/password-reset", admin_accounts.issue_reset, OPERATOR, {201: admin_shapes.ResetToken}, "A one-time password reset token", "admin", render=admin_accounts.reset_issued),
    Route("POST /v1/admin/accounts/{id}/reactivate", admin_accounts.reactivate, OPERATOR, {200: admin_shapes.AdminAccount}, "End a suspension", "admin", render=admin_accounts.changed),
    Route("POST /v1/admin/accounts/{id}/suspend", admin_accounts.suspend, OPERATOR, {200: admin_shapes.AdminAccount}, "Suspend an account", "admin", render=admin_accounts.changed, refusals=[OwnSuspension]),
    Route("POST /v1/admin/charges/{id}/refund", admin_credits.refund, OPERATOR, {201: admin_shapes.Refund}, "Refund a charge", "admin", render=admin_credits.refunded, refusals=[ChargeFullyRefunded, NothingToRefund, RefundExceedsCharge]),
    Route("GET /v1/admin/deliveries", admin_fleet.deliveries, OPERATOR, {200: Page[fleet_shapes.AdminDelivery]}, "Everybody's webhook deliveries", "admin"),
    Route("GET /v1/admin/generations", admin_generations.generations, OPERATOR, {200: Page[admin_generation_shapes.AdminGeneration]}, "Everybody's generations", "admin", reads="generations"),
    Route("POST /v1/admin/generations/cancel", admin_generations.cancel, OPERATOR, {200: admin_generation_shapes.Order}, "Cancel several", "admin", render=admin_generations.carried_out, refusals=[OrderRefused]),
    Route("GET /v1/admin/generations/failures", admin_generations.failures, OPERATOR, {200: admin_generation_shapes.AllFailures}, "What generations fail of", "admin", reads="generations"),
    Route("POST /v1/admin/generations/retry", admin_generations.retry, OPERATOR, {200: admin_generation_shapes.Order}, "Ask once more for several", "admin", render=admin_generations.carried_out, refusals=[OrderRefused]),
    Route("GET /v1/admin/providers", admin_fleet.providers, OPERATOR, {200: fleet_shapes.AllProviders}, "How providers do", "admin"),
    Route("GET /v1/admin/queues", admin_fleet.queues, OPERATOR, {200: fleet_shapes.AllQueues}, "Queues", "admin"),
    Route("POST /v1/admin/queues/{name}/pause", admin_fleet.pause, OPERATOR, {200: fleet_shapes.Queue}, "Pause a queue", "admin", render=admin_fleet.changed),
    Route("POST /v1/admin/queues/{name}/resume", admin_fleet.resume, OPERATOR, {200: fleet_shapes.Queue}, "Resume a queue", "admin", render=admin_fleet.changed),
    Route("GET /v1/admin/queues/{name}/scale", admin_fleet.scale, OPERATOR, {200: fleet_shapes.QueueScale}, "How much a queue has to do", "admin"),
    Route("GET /v1/admin/workers", admin_fleet.workers, OPERATOR, {200: fleet_shapes.AllWorkers}, "Workers", "admin"),
    Route("POST /v1/admin/workers/{id}/drain", admin_fleet.drain, OPERATOR, {200: fleet_shapes.Worker}, "Drain a worker", "admin", render=admin_fleet.drained),
    Route("GET /v1/api-tokens", api_tokens.listed, SESSION, {200: Page[token_shapes.ApiToken]}, "Your API tokens", reads="api_tokens"),
    Route("POST /v1/api-tokens", api_tokens.issue, SESSION, {201: token_shapes.IssuedApiToken}, "Issue an API token", render=api_tokens.issued, refusals=[TooManyApiTokens]),
    Route("DELETE /v1/api-tokens/{id}", api_tokens.revoke, SESSION, {204: None}, "Revoke an API token"),
    Route("GET /v1/assets", assets.listed, scope("assets:read"), {200: Page[asset_shapes.Asset]}, "Your assets", reads="assets"),
    Route("POST /v1/assets", uploads.upload, scope("assets:write"), {201: asset_shapes.Asset}, "Upload a file", "assets", render=uploads.uploaded, stream_body=True, form=asset_shapes.UPLOAD_FORM, refusals=[MediaRejected, UploadMalformed, UploadQuotaReached, UploadTooLarge, UploadsAtOnce]),
    Route("GET /v1/assets/{id}", assets.show, scope("assets:read"), {200: asset_shapes.Asset}, "An asset", reads="assets", etag=True),
    Route("PATCH /v1/assets/{id}", assets.rename, scope("assets:write"), {200: asset_shapes.Asset}, "Rename an asset"),
    Route("DELETE /v1/assets/{id}", assets.delete, scope("assets:write"), {204: None}, "Delete an asset"),
    Route("GET /v1/assets/{id}/content", assets.content, scope("assets:read"), {200: asset_shapes.ContentLink, 302: None}, "The asset's bytes", reads="assets", refusals=[MediaRejected, RenditionRefused]),
    Route("POST /v1/assets/{id}/share", sharing.share, scope("assets:write"), {201: asset_shapes.Asset}, "Share an asset by a public link", "assets", render=sharing.shared),
    Route("DELETE /v1/assets/{id}/share", sharing.unshare, scope("assets:write"), {204: None}, "End the public link", "assets"),
    Route("GET /v1/assets/{id}/thumbnail", assets.thumbnail, scope("assets:read"), {200: asset_shapes.ContentLink, 302: None}, "A small picture of the asset", reads="assets"),
    Route("GET /v1/audit/accounts/{id}/replay", audit.replay, AUDITOR, {200: audit_shapes.Replay}, "An account's book, replayed", "audit", refusals=[AsOfOutOfRange]),
    Route("GET /v1/audit/checkpoints", audit_proofs.checkpoints, AUDITOR, {200: Page[proof_shapes.Checkpoint]}, "Signed tree heads", "audit"),
    Route("GET /v1/audit/checkpoints/latest", audit_proofs.latest_checkpoint, AUDITOR, {200: proof_shapes.Checkpoint}, "The last checkpoint", "audit", etag=True, refusals=[CheckpointNotFound]),
    Route("GET /v1/audit/consistency", audit_proofs.consistency, AUDITOR, {200: proof_shapes.ConsistencyProof}, "That the log only grew", "audit", refusals=[CheckpointNotFound, SealedLogDiffers]),
    Route("GET /v1/audit/entries", audit.entries, AUDITOR, {200: Page[audit_shapes.Entry]}, "Entries of the log", "audit"),
    Route("GET /v1/audit/export", audit.export, AUDITOR, {200: audit.NDJSON}, "The log as a file", "audit", refusals=[CreditAccountNotFound]),
    Route("GET /v1/audit/proofs/balance/{id}", audit_proofs.balance, AUDITOR, {200: proof_shapes.BalanceProof}, "That a balance was sealed", "audit", refusals=[AccountNotSealed, BalancesNotSealed, SealedLogDiffers]),
    Route("GET /v1/audit/proofs/entry/{position}", audit_proofs.entry, AUDITOR, {200: proof_shapes.EntryProof}, "That an entry is in the log", "audit", refusals=[EntryNotFound, NotYetNotarised, SealedLogDiffers]),
    Route("GET /v1/audit/public-keys", audit_proofs.public_keys, AUDITOR, {200: proof_shapes.PublicKeys}, "The keys of the checkpoints", "audit"),
    Route("GET /v1/audit/trial-balance", audit.trial_balance, AUDITOR, {200: audit_shapes.TrialBalance}, "The sums of the log", "audit", refusals=[AsOfOutOfRange]),
    Route("GET /v1/audit/verifier", audit_verifier.verifier, AUDITOR, {200: "text/plain"}, "The program that checks proofs", "audit", etag=True),
    Route("POST /v1/auth/change-password", access.change_password, SESSION, {200: access_shapes.Session}, "Change your password", limits=SENSITIVE, refusals=[PasswordChangedMeanwhile]),
    Route("POST /v1/auth/login", access.login, PUBLIC, {200: access_shapes.Session}, "Log in", limits=LOGIN, refusals=[WrongCredentials, AccountSuspended]),
    Route("POST /v1/auth/logout", access.logout, SESSION_SUSPENDED, {204: None}, "Log out"),
    Route("POST /v1/auth/refresh", access.refresh, PUBLIC, {200: access_shapes.Tokens}, "The next pair of tokens", limits=REFRESH, refusals=[AccountSuspended, RefreshTokenInvalid, RefreshTokenReused]),
    Route("POST /v1/auth/register", access.register, PUBLIC, {201: access_shapes.Session}, "Register", limits=REGISTER, refusals=[EmailTaken]),
    Route("POST /v1/auth/reset-password", access.reset_password, PUBLIC, {204: None}, "Set a new password with a one-time token", limits=RESET),
    Route("GET /v1/auth/verify", access.verify_own, PUBLIC, {200: access_shapes.TokenState}, "Is my token valid"),
    Route("POST /v1/auth/verify", access.verify, PUBLIC, {200: access_shapes.TokenState}, "Is this token valid"),
    Route("POST /v1/callbacks/{provider}/{token}", callbacks.hear, PUBLIC, {204: None}, "A provider's callback", limits=INBOUND, raw_body=True, refusals=[NotFound]),
    Route("GET /v1/credits/balance", credits.balance, scope("credits:read"), {200: credit_shapes.Balance}, "Your balance", reads="balances", etag=True),
    Route("GET /v1/credits/history", credits.history, scope("credits:read"), {200: Page[credit_shapes.LedgerEntry]}, "Your book", reads="ledger_entries"),
    Route("GET /v1/credits/packages", purchases.packages, PUBLIC, {200: purchase_shapes.Packages}, "What can be bought"),
    Route("GET /v1/credits/purchases", purchases.listed, scope("credits:read"), {200: Page[purchase_shapes.Purchase]}, "Your purchases", reads="orders"),
    Route("POST /v1/credits/purchases", purchases.buy, scope("credits:write"), {201: purchase_shapes.PlacedPurchase}, "Buy a package", render=purchases.bought, limits=PURCHASES, refusals=[PaymentsRefused]),
    Route("GET /v1/credits/purchases/{id}", purchases.show, scope("credits:read"), {200: purchase_shapes.Purchase}, "A purchase", reads="orders", etag=True),
    Route("POST /v1/credits/purchases/{id}/pay", purchases.pay, scope("credits:write"), {200: purchase_shapes.Purchase}, "Pay at the test till", render=purchases.paid, refusals=[OrderClosed]),
    Route("GET /v1/events", events.account, READ, {200: events.EVENT_STREAM}, "What happens, as it happens", events=True, refusals=[PositionUnknown, TooManyStreams]),
    Route("GET /v1/generations", generations.listed, READ, {200: Page[Generation]}, "Your generations", reads="generations"),
    Route("POST /v1/generations", generations.submit, WRITE, {201: Generation, 202: Generation}, "Ask for a generation", render=generations.submitted, waits=True, limits=GENERATIONS, refusals=[DebtOutstanding, InsufficientCredits, TooManyOpenGenerations, UrlRefused, WebhookSecretMissing]),
    Route("POST /v1/generations/batch", batches.submit, WRITE, {202: Batch}, "Ask for several at once", render=batches.submitted, limits=BATCH, refusals=[DebtOutstanding, InsufficientCredits, TooManyOpenGenerations]),
    Route("POST /v1/generations/estimate", generations.estimate, WRITE, {200: submissions.Estimate}, "What it would cost"),
    Route("GET /v1/generations/{id}", generations.show, READ, {200: Generation}, "A generation", reads="generations", etag=True, waits=True),
    Route("DELETE /v1/generations/{id}", generations.delete, WRITE, {204: None}, "Delete a generation", refusals=[GenerationOpen]),
    Route("POST /v1/generations/{id}/cancel", generations.cancel, WRITE, {200: Generation, 202: Generation}, "Cancel a generation", render=generations.canceled, refusals=[GenerationFinal]),
    Route("GET /v1/generations/{id}/events", events.generation, READ, {200: events.EVENT_STREAM, 204: None}, "What happens to it, as it happens", events=True, refusals=[PositionUnknown, TooManyStreams]),
    Route("GET /v1/generations/{id}/timeline", generations.timeline, READ, {200: submissions.Timeline}, "What happened to it"),
    Route("GET /v1/me", accounts.me, ANYONE_SUSPENDED, {200: account_shapes.Account}, "Your account", reads="accounts", etag=True),
    Route("PATCH /v1/me", accounts.change_me, SESSION, {200: account_shapes.Account}, "Change your names"),
    Route("DELETE /v1/me", erasure.request_by_deleting, SESSION, {202: erasure_shapes.Erasure}, "Be forgotten (as POST /v1/me/erasure)", render=erasure.requested, limits=SENSITIVE),
    Route("POST /v1/me/erasure", erasure.request, SESSION, {202: erasure_shapes.Erasure}, "Be forgotten", render=erasure.requested, limits=SENSITIVE),
    Route("GET /v1/me/export", personal_export.export, SESSION_SUSPENDED, {200: export_shapes.PersonalExport}, "Everything we hold of you", reads="generations", limits=SENSITIVE),
    Route("GET /v1/me/statistics", usage.statistics, scope("usage:read"), {200: usage_shapes.Statistics}, "All that you did so far", reads="usage_daily"),
    Route("GET /v1/me/usage", usage.usage, scope("usage:read"), {200: usage_shapes.Usage}, "What you used", reads="usage_daily"),
    Route("GET /v1/meta", health.meta, PUBLIC, {200: health.Meta}, "Release, features and limits"),
    Route("GET /v1/models", models.listed, PUBLIC, {200: model_shapes.Models}, "The catalogue"),
    Route("POST /v1/payments/stripe/webhook", payments.stripe_webhook, PUBLIC, {200: payments.Heard}, "Messages from Stripe", limits=INBOUND, raw_body=True, refusals=[MessageUnreadable, NotFound, PaymentMismatch, SignatureRefused]),
    Route("GET /v1/provider-keys", provider_keys.listed, scope("provider-keys:read"), {200: provider_key_shapes.ProviderKeys}, "Your keys at providers"),
    Route("GET /v1/provider-keys/{provider}", provider_keys.show, scope("provider-keys:read"), {200: provider_key_shapes.ProviderKey}, "Your key at a provider", etag=True),
    Route("PUT /v1/provider-keys/{provider}", provider_keys.put, scope("provider-keys:write"), {200: provider_key_shapes.ProviderKey, 201: provider_key_shapes.ProviderKey}, "Set your key at a provider", refusals=[ProviderTakesNoKey]),
    Route("DELETE /v1/provider-keys/{provider}", provider_keys.remove, scope("provider-keys:write"), {204: None}, "Remove your key at a provider"),
    Route("GET /v1/schedules", schedules.listed, READ, {200: Page[schedule_shapes.Schedule]}, "Your schedules", reads="schedules"),
    Route("POST /v1/schedules", schedules.create, WRITE, {201: schedule_shapes.Schedule}, "Ask again and again", render=schedules.made, reads="schedules", refusals=[CronRefused, TimeZoneUnknown, TooManySchedules]),
    Route("GET /v1/schedules/{id}", schedules.show, READ, {200: schedule_shapes.Schedule}, "A schedule", reads="schedules", etag=True),
    Route("PATCH /v1/schedules/{id}", schedules.change, WRITE, {200: schedule_shapes.Schedule}, "Change, pause or resume it", render=schedules.changed, refusals=[CronRefused, ScheduleMovedOn, TimeZoneUnknown]),
    Route("DELETE /v1/schedules/{id}", schedules.delete, WRITE, {204: None}, "End a schedule"),
    Route("GET /v1/shared/{token}", sharing.follow, PUBLIC, {200: "application/octet-stream", 302: None}, "A shared asset's bytes", "assets", refusals=[ShareNotFound]),
    Route("POST /v1/stream-tickets", events.ticket, READ, {201: telling_shapes.StreamTicket}, "A ticket for a stream", refusals=[TicketsUnavailable]),
    Route("GET /v1/subscriptions", subscriptions.listed, scope("credits:read"), {200: Page[subscription_shapes.Subscription]}, "Your subscriptions", reads="subscriptions"),
    Route("POST /v1/subscriptions", subscriptions.subscribe, scope("credits:write"), {201: subscription_shapes.RequestedSubscription}, "Subscribe to a plan", render=subscriptions.subscribed, limits=PURCHASES, refusals=[PaymentsRefused, SubscriptionExists]),
    Route("GET /v1/subscriptions/plans", subscriptions.plans, PUBLIC, {200: subscription_shapes.Plans}, "What can be subscribed to"),
    Route("GET /v1/subscriptions/{id}", subscriptions.show, scope("credits:read"), {200: subscription_shapes.Subscription}, "A subscription", reads="subscriptions", etag=True),
    Route("POST /v1/subscriptions/{id}/cancel", subscriptions.cancel, scope("credits:write", while_suspended=True), {200: subscription_shapes.Subscription}, "Cancel at the end of the period", render=subscriptions.changed, refusals=[PaymentsRefused]),
    Route("POST /v1/subscriptions/{id}/pay", subscriptions.pay, scope("credits:write"), {200: subscription_shapes.Subscription}, "Pay the first period at the test till", render=subscriptions.changed, refusals=[SubscriptionEnded]),
    Route("GET /v1/webhook-endpoints", webhooks.listed, scope("webhooks:read"), {200: Page[webhook_shapes.WebhookEndpoint]}, "Your webhook endpoints", "webhooks", reads="webhook_endpoints"),
    Route("POST /v1/webhook-endpoints", webhooks.add, scope("webhooks:write"), {201: webhook_shapes.WebhookEndpointWithSecret}, "Add a webhook endpoint", "webhooks", render=webhooks.added, refusals=[TooManyWebhookEndpoints, UrlRefused]),
    Route("GET /v1/webhook-endpoints/{id}", webhooks.show, scope("webhooks:read"), {200: webhook_shapes.WebhookEndpoint}, "A webhook endpoint", "webhooks", reads="webhook_endpoints", etag=True),
    Route("PATCH /v1/webhook-endpoints/{id}", webhooks.change, scope("webhooks:write"), {200: webhook_shapes.WebhookEndpoint}, "Change a webhook endpoint", "webhooks", refusals=[UrlRefused]),
    Route("DELETE /v1/webhook-endpoints/{id}", webhooks.delete, scope("webhooks:write"), {204: None}, "Delete a webhook endpoint", "webhooks"),
    Route("GET /v1/webhook-endpoints/{id}/deliveries", webhooks.deliveries, scope("webhooks:read"), {200: Page[webhook_shapes.WebhookDelivery]}, "What an endpoint was told", "webhooks", reads="webhook_endpoints"),
    Route("POST /v1/webhook-endpoints/{id}/deliveries/{delivery_id}/redeliver", webhooks.redeliver, scope("webhooks:write"), {202: webhook_shapes.DeliveryAsked}, "Deliver again", "webhooks", render=webhooks.asked, refusals=[WebhookDeliveryNotFound, WebhookEndpointDisabled]),
    Route("POST /v1/webhook-endpoints/{id}/rotate-secret", webhooks.rotate, scope("webhooks:write"), {200: webhook_shapes.WebhookEndpointWithSecret}, "A new secret for an endpoint", "webhooks", render=webhooks.rotated),
    Route("POST /v1/webhook-endpoints/{id}/test", webhooks.test, scope("webhooks:write"), {202: webhook_shapes.DeliveryAsked}, "Send a test event", "webhooks", render=webhooks.asked, refusals=[WebhookEndpointDisabled]),
    Route("POST /v1/webhook-secret", webhooks.issue_secret, scope("webhooks:write"), {201: webhook_shapes.WebhookSecret}, "A secret for webhook_url", "webhooks", render=webhooks.secret_issued),
]
# fmt: on
