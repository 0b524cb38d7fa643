"""A small RAG application over the docstrings of the Python standard library, decorated like any user's."""
