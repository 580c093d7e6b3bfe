"""How the operations of this room name one customer."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from trustkeep.kernel.vault import known
from trustkeep.web.api.schemas import Asked


class Whom(Asked):
    """One customer: by the id that a search answers, or by the company's own reference."""

    customer: UUID | None = None
    reference: Annotated[str, Field(min_length=1, max_length=200)] | None = None

    @model_validator(mode="after")
    def _is_one(self) -> "Whom":
        if (self.customer is None) == (self.reference is None):
            raise ValueError("name the customer by `customer` or by `reference`")
        return self

    def or_nobody(self) -> UUID:
        """The customer's id; nobody's, where the reference means nobody."""
        return known.one_or_nobody(self.customer, self.reference)

    def record_or_nobody(self) -> UUID:
        """The record that is named, for a reading, which looks itself where it leads."""
        return known.record_or_nobody(self.customer, self.reference)

    def known(self) -> UUID:
        """The customer's id.

        Raises:
            Missing: the reference means nobody.
        """
        return known.one(self.customer, self.reference)
