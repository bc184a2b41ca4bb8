"""Folders of CSV and XLSX, read and written."""
