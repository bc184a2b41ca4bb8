"""Accounts of people over HTTP, for administrators."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Response

from api.http.dependencies import (
    LOCATION,
    Actor,
    Next,
    PageAfter,
    PageLimit,
    ReadingSession,
    WritingSession,
)
from api.http.problems import documented
from dispatch.access import accounts
from dispatch.access.accounts import AccountChange, AccountOut, NewAccount, NewPassword, UserName
from dispatch.output import Output

router = APIRouter(prefix="/accounts", tags=["access"])


class AccountPage(Output):
    accounts: list[AccountOut]
    next: Next


NEW_ACCOUNTS: dict[str, Any] = {
    "dispatcher": {
        "summary": "A dispatcher",
        "value": {"id": "minh", "name": "Phạm Quang Minh", "role": "dispatcher"},
    },
    "technician": {
        "summary": "A technician, who sees their own days",
        "value": {
            "id": "hung",
            "name": "Trần Văn Hùng",
            "role": "technician",
            "technician_id": "T01",
        },
    },
}
CHANGES: dict[str, Any] = {
    "disabled": {"summary": "Nobody gets in with it any more", "value": {"active": False}}
}


@router.post(
    "",
    status_code=201,
    summary="Create an account",
    responses={
        201: {"description": "The account and its password.", "headers": LOCATION},
        **documented(409),
    },
)
def create_account(
    new: Annotated[NewAccount, Body(openapi_examples=NEW_ACCOUNTS)],
    session: WritingSession,
    actor: Actor,
    response: Response,
) -> NewPassword:
    """The password is made up, and shown this once; its owner should change it soon."""
    made = accounts.create_account(session, new, actor=actor)
    response.headers["Location"] = f"/accounts/{made.account.id}"
    return made


@router.get("", summary="List accounts, in the order of their ids", responses=documented(422))
def list_accounts(
    session: ReadingSession, after: PageAfter = None, limit: PageLimit = 50
) -> AccountPage:
    page, following = accounts.list_accounts(session, after=after, limit=limit)
    return AccountPage(accounts=list(page), next=following)


@router.get("/{account_id}", summary="Read an account", responses=documented(404, 422))
def read_account(account_id: UserName, session: ReadingSession) -> AccountOut:
    return accounts.read_account(session, account_id)


@router.patch(
    "/{account_id}",
    summary="Change or disable an account",
    responses=documented(404, 409),
)
def change_account(
    account_id: UserName,
    change: Annotated[AccountChange, Body(openapi_examples=CHANGES)],
    session: WritingSession,
    actor: Actor,
) -> AccountOut:
    """A new role counts from the next request on; a disabled account is signed out everywhere.

    The last active administrator stays one.
    """
    return accounts.change_account(session, account_id, change, actor=actor)


@router.post(
    "/{account_id}/reset-password",
    summary="Give an account a new password",
    responses=documented(404, 422),
)
def reset_password(account_id: UserName, session: WritingSession, actor: Actor) -> NewPassword:
    """One that is made up, and shown this once; whoever was signed in is not any more."""
    return accounts.reset_password(session, account_id, actor=actor)
