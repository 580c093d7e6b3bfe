"""What to do about each refusal, for the person who meets it.  SOP 4.3a."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from uuid import UUID

from trustkeep.rooms.access.rules import Refusal

_NAMED = 10  # ids in one sentence
REMEDIES: Mapping[Refusal, str] = MappingProxyType(
    {
        Refusal.NO_PERMISSION: "your roles do not allow this: ask the DPO for one that does",
        Refusal.NO_FIELDS: "no field was named: name at least one",
        Refusal.UNKNOWN_FIELD: "a field was never declared: `trustkeep purposes elements` lists "
        "them",
        Refusal.NO_PURPOSE: "there is no such purpose: `trustkeep purposes list` shows them",
        Refusal.PURPOSE_RETIRED: "the purpose has ended: use one that lives, or ask the DPO",
        Refusal.FIELD_NOT_NEEDED: "the purpose does not need a field: leave the field out",
        Refusal.NO_LEGAL_BASIS: "the purpose has no legal basis: the DPO declares one",
        Refusal.NO_CONSENT: "the customer has not consented to this purpose",
        Refusal.NO_GRANT: "nobody granted you these fields for this purpose: ask the head of your "
        "department or the DPO for `trustkeep access grant`",
        Refusal.GRANT_ENDED: "your grant has ended: ask the head of your department or the DPO for "
        "a new one",
        Refusal.NO_BULK_GRANT: "your grant is for one customer at a time: ask the DPO for one with "
        "`--bulk`",
        Refusal.ONLY_MASKED: "you see a field only masked, so you cannot write over it",
        Refusal.NOT_YOUR_PURPOSE: "the purpose is not open to your roles: `trustkeep purposes "
        "show` names those it is for, and the DPO gives one or declares it for another",
        Refusal.NO_CLEARANCE: "you lack a clearance that the purpose demands, such as a training",
        Refusal.NO_CASE: "the purpose demands a case and none was named that is known: name it "
        "with `--case`, or open it with `trustkeep access open-case`",
        Refusal.CASE_CLOSED: "the case is closed: open another",
        Refusal.CASE_NAMES_ANOTHER: "the case does not name this customer: open one that does",
        Refusal.NO_CUSTOMER: "there is no such customer",
        Refusal.PROCESSING_RESTRICTED: "the processing of this customer's data is restricted: "
        "speak to the DPO",
        Refusal.OBJECTED: "the customer objected to this purpose",
        Refusal.DEACTIVATED: "your account was deactivated: speak to an administrator",
        Refusal.TOKEN_REVOKED: "your token was revoked: make another with `trustkeep people token`",
        Refusal.ROLE_REMOVED: "the role that allowed this was taken from you",
    }
)


def sentence_of(refused: Iterable[Refusal], of: Sequence[UUID] = ()) -> str:
    """A refusal for the person who meets it: every reason, and what to do about it.

    `of` are those of many customers whom it is about: the first few are named by their ids.
    """
    reasons = "; ".join(REMEDIES[reason] for reason in refused)
    named = ", ".join(map(str, of[:_NAMED]))
    more = f" and {len(of) - _NAMED} more" if len(of) > _NAMED else ""
    about = f" It is about {named}{more}: leave them out." if of else ""
    return f"Refused: {reasons}. The refusal is in the ledger.{about}"
