"""The One API's wire format, both directions: `encode`, `answer` and `operations`.

Source: the One API's OpenAPI document, and the vendor's pages where a docstring says so.
"""
