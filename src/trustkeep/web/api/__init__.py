"""What the operations of the JSON API are made of: doors, problems, pages, idempotency.

Each room's `api.py` makes its operations with `door`; `config/api` gathers them under `/api/v1`.
"""
