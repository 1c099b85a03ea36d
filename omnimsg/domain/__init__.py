"""The model: frozen values, independent of providers, networks and files.

Every value is validated when it is built, so code that holds one does not validate it again.
"""
