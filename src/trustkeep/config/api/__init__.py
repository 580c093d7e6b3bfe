"""The JSON API, `/api/v1`: the operations of every room and of the kernel, in one description."""
