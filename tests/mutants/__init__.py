"""Protections removed one at a time, in a copy of the tree: which test notices?"""
