"""The life of a generation: open, then exactly one final state, with its money."""

from datetime import timedelta

import pytest

from domain.assets.asset import Asset
from domain.generations.commands import (
    CancelGeneration,
    DeleteGeneration,
    ExpireGeneration,
    FailGeneration,
    FinishCancel,
    QueueGeneration,
    RetryGeneration,
    StartGeneration,
)
from domain.generations.refusals import GenerationFinal, GenerationNotFound, GenerationOpen, StaleAttempt
from domain.kernel.commands import CancelWork, CloseWork, OpenWork, RequeueWork
from tests.support.book import HOUR, Book, names


@pytest.fixture
def book() -> Book:
    return Book()


def retry(book: Book, account, generation, attempt: int, code: str) -> list:
    return book.when(RetryGeneration(generation_id=generation, account_id=account, attempt=attempt, code=code, run_at=book.now + HOUR))


def cancel(book: Book, account, generation) -> list:
    return book.when(CancelGeneration(generation_id=generation, account_id=account, actor="owner"))


def test_a_request_makes_the_generation_claimable_in_the_same_decision(book: Book) -> None:
    generation = book.request(book.account(), priority="high")
    (work,) = book.decision.work
    assert isinstance(work, OpenWork)
    assert (work.generation_id, work.priority, work.run_at) == (generation, 1, None)
    assert book.generation(generation).status == "queued"


def test_a_request_for_later_is_scheduled_until_its_time(book: Book) -> None:
    generation = book.request(book.account(), run_at=book.now + HOUR)
    assert book.generation(generation).status == "scheduled"
    assert names(book.when(QueueGeneration(generation_id=generation))) == ["GenerationQueued"]
    assert book.decision.work == [RequeueWork(generation_id=generation, run_at=None)]
    assert book.when(QueueGeneration(generation_id=generation)) == []


def test_success_stores_assets_and_settles_in_one_decision(book: Book) -> None:
    account = book.account()
    generation = book.request(account, 15)
    made = book.succeed(account, generation, attempt=book.start(generation), price=10, assets=2)
    assert names(made) == ["GenerationSucceeded", "AssetStored", "AssetStored", "HoldCaptured"]
    assert book.decision.work == [CloseWork(generation_id=generation)]
    done = book.generation(generation)
    assert (done.status, done.charged, done.released, len(done.asset_ids)) == ("succeeded", 10, 5, 2)


def test_a_worker_that_lost_the_generation_cannot_finish_it(book: Book) -> None:
    account = book.account()
    generation = book.request(account)
    lost = book.start(generation)
    taken_over = book.start(generation)
    with pytest.raises(StaleAttempt):
        book.succeed(account, generation, attempt=lost, price=5)
    book.succeed(account, generation, attempt=taken_over, price=5)
    assert book.generation(generation).status == "succeeded"


def test_a_worker_that_gave_the_generation_back_cannot_finish_it(book: Book) -> None:
    account = book.account()
    generation = book.request(account)
    attempt = book.start(generation)
    retry(book, account, generation, attempt, "timeout")
    with pytest.raises(StaleAttempt):
        book.succeed(account, generation, attempt=attempt, price=5)


def test_final_is_final(book: Book) -> None:
    account = book.account()
    generation = book.finished(account)
    for command in (
        StartGeneration(generation_id=generation, worker="w2"),
        CancelGeneration(generation_id=generation, account_id=account, actor="owner"),
        FailGeneration(generation_id=generation, account_id=account, attempt=None, code="x", message="x", retryable=False),
        FinishCancel(generation_id=generation, account_id=account, attempt=1, delivered_price=0),
    ):
        with pytest.raises(GenerationFinal):
            book.when(command)


def test_a_retry_burns_an_attempt_but_work_handed_back_does_not(book: Book) -> None:
    account = book.account()
    generation = book.request(account)
    retry(book, account, generation, book.start(generation), "timeout")
    assert book.generation(generation).attempts == 1
    retry(book, account, generation, book.start(generation), "handed_back")
    assert book.generation(generation).attempts == 1
    book.start(generation)
    assert (book.generation(generation).attempt, book.generation(generation).attempts) == (3, 2)


def test_a_retry_is_claimable_again_only_at_its_time(book: Book) -> None:
    account = book.account()
    generation = book.request(account)
    retry(book, account, generation, book.start(generation), "rate_limited")
    assert book.decision.work == [RequeueWork(generation_id=generation, run_at=book.now + HOUR)]


@pytest.mark.parametrize("run_at", [None, "later"])
def test_cancel_ends_what_waits_at_once_and_releases_its_credits(book: Book, run_at: str | None) -> None:
    account = book.account(credits=5)
    generation = book.request(account, run_at=book.now + HOUR if run_at else None)
    assert names(cancel(book, account, generation)) == ["GenerationCanceled", "HoldReleased"]
    assert book.credits(account).available(book.now) == 5
    assert cancel(book, account, generation) == []


def test_cancel_asks_a_running_worker_to_stop_and_the_worker_ends_it(book: Book) -> None:
    account = book.account(credits=5)
    generation = book.request(account)
    attempt = book.start(generation)
    assert names(cancel(book, account, generation)) == ["GenerationCancelRequested"]
    assert book.decision.work == [CancelWork(generation_id=generation)]
    assert cancel(book, account, generation) == []
    made = book.when(FinishCancel(generation_id=generation, account_id=account, attempt=attempt, delivered_price=5))
    assert names(made) == ["GenerationCanceled", "HoldReleased"]


@pytest.mark.parametrize(("policy", "charged"), [("free", 0), ("delivered", 3), ("full", 10)])
def test_a_canceled_generation_is_charged_as_its_quote_said(book: Book, policy: str, charged: int) -> None:
    account = book.account(credits=10)
    generation = book.request(account, 10, on_cancel=policy)
    attempt = book.start(generation)
    cancel(book, account, generation)
    book.when(FinishCancel(generation_id=generation, account_id=account, attempt=attempt, delivered_price=3))
    assert book.generation(generation).charged == charged
    assert book.credits(account).available(book.now) == 10 - charged


def test_a_retry_of_a_generation_whose_cancel_was_asked_ends_it(book: Book) -> None:
    account = book.account()
    generation = book.request(account)
    attempt = book.start(generation)
    cancel(book, account, generation)
    assert "GenerationCanceled" in names(retry(book, account, generation, attempt, "timeout"))


def test_a_start_deadline_ends_what_never_began(book: Book) -> None:
    account = book.account(credits=5)
    late = book.request(account, start_deadline=book.now + HOUR)
    book.now += 2 * HOUR
    expire = ExpireGeneration(generation_id=late, account_id=account, which="start_deadline")
    assert names(book.when(expire)) == ["GenerationFailed", "HoldReleased"]
    assert book.generation(late).error["code"] == "deadline_exceeded"
    assert book.when(expire) == []


def test_a_start_deadline_does_not_touch_what_began(book: Book) -> None:
    account = book.account()
    generation = book.request(account, start_deadline=book.now + HOUR)
    book.start(generation)
    book.now += 2 * HOUR
    assert book.when(ExpireGeneration(generation_id=generation, account_id=account, which="start_deadline")) == []


def test_a_deadline_that_has_not_passed_ends_nothing(book: Book) -> None:
    account = book.account()
    generation = book.request(account)
    assert book.when(ExpireGeneration(generation_id=generation, account_id=account, which="deadline")) == []


def test_a_deadline_ends_a_running_generation_and_its_late_result_is_refused(book: Book) -> None:
    account = book.account()
    generation = book.request(account)
    attempt = book.start(generation)
    book.now += 2 * HOUR
    book.when(ExpireGeneration(generation_id=generation, account_id=account, which="deadline"))
    with pytest.raises(GenerationFinal):
        book.succeed(account, generation, attempt=attempt, price=5)


def test_deleting_takes_the_assets_along_and_leaves_the_charge(book: Book) -> None:
    account = book.account()
    generation = book.finished(account)
    asset_ids = book.generation(generation).asset_ids
    made = book.when(DeleteGeneration(generation_id=generation, account_id=account, asset_ids=asset_ids))
    assert names(made) == ["GenerationDeleted", "AssetDeleted"]
    assert book.get(Asset, asset_ids[0]).deleted
    assert book.generation(generation).charged == 5
    with pytest.raises(GenerationNotFound):
        cancel(book, account, generation)


def test_an_open_generation_cannot_be_deleted(book: Book) -> None:
    account = book.account()
    generation = book.request(account)
    with pytest.raises(GenerationOpen):
        book.when(DeleteGeneration(generation_id=generation, account_id=account, asset_ids=[]))


def test_somebody_elses_generation_does_not_exist(book: Book) -> None:
    generation = book.request(book.account())
    with pytest.raises(GenerationNotFound):
        cancel(book, book.account(), generation)


def test_folding_the_stream_again_gives_the_same_generation(book: Book) -> None:
    account = book.account()
    generation = book.request(account)
    retry(book, account, generation, book.start(generation), "timeout")
    cancelled = book.start(generation)
    cancel(book, account, generation)
    book.when(FinishCancel(generation_id=generation, account_id=account, attempt=cancelled, delivered_price=0))
    found = book.generation(generation)
    assert vars(book.refold(found)) == vars(found)


def test_an_end_that_brings_its_start_along_records_both(book: Book) -> None:
    account = book.account()
    generation = book.request(account, 15)
    began_at = book.now - timedelta(seconds=1)
    made = book.succeed(account, generation, attempt=1, price=10, assets=0, began_at=began_at)
    assert names(made) == ["GenerationStarted", "GenerationSucceeded", "HoldCaptured"]
    assert [fact.timestamp for fact in made] == [began_at, book.now, book.now]
    done = book.generation(generation)
    assert (done.status, done.attempt, done.attempts, done.charged) == ("succeeded", 1, 1, 10)


def test_whoever_brings_his_start_along_is_refused_when_another_has_begun(book: Book) -> None:
    account = book.account()
    generation = book.request(account, 15)
    book.start(generation)
    with pytest.raises(StaleAttempt):
        book.succeed(account, generation, attempt=1, price=10, began_at=book.now)
    with pytest.raises(StaleAttempt):
        book.when(StartGeneration(generation_id=generation, worker="late", began_at=book.now))
    retry(book, account, generation, 1, "timeout")
    with pytest.raises(StaleAttempt):
        book.succeed(account, generation, attempt=1, price=10, began_at=book.now)
    assert (book.generation(generation).attempt, book.generation(generation).charged) == (1, 0)


def test_a_start_that_comes_late_says_when_it_was(book: Book) -> None:
    generation = book.request(book.account(), 15)
    began_at = book.now - timedelta(seconds=1)
    [started] = book.when(StartGeneration(generation_id=generation, worker="w", began_at=began_at))
    assert (started.attempt, started.timestamp) == (1, began_at)
    canceled = book.request(account := book.account(), 15)
    cancel(book, account, canceled)
    with pytest.raises(GenerationFinal):
        book.when(StartGeneration(generation_id=canceled, worker="w", began_at=book.now))
