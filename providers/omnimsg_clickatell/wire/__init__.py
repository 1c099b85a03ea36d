"""The JSON of the One API: `encode` writes it, `send_answers` and `operation_answers` read it.

Source: the One API's OpenAPI document, and the vendor's pages where a docstring says so.
"""
