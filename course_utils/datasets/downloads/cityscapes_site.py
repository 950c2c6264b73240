"""The site of Cityscapes: a login, a list of packages, and their checksums."""

from collections.abc import Sequence
from pathlib import Path

import requests

from course_utils.datasets.downloads.archive import Archive
from course_utils.errors import CourseError, brief

SITE = "https://www.cityscapes-dataset.com"


def archives(root: Path, splits: Sequence[str] | None = None, site: str | None = None) -> list[Archive]:
    """What to download with the user's account, with the site's MD5 sums; nothing, without a login, if all is there.

    cityscapesScripts' downloader logs in and lists the packages. Its own download appends a whole file to half a one
    when the server ignores ranges, and keeps files with a wrong checksum, so the files come through `download.fetch`.
    """
    from cityscapesscripts.download import downloader

    parts = {
        f"{folder}_trainvaltest.zip": tuple(f"{folder}/{split}" for split in splits) if splits else (folder,)
        for folder in ("gtFine", "leftImg8bit")
    }
    if all((root / part).exists() for archive in parts.values() for part in archive):
        return []
    site = site or SITE
    session = log_in()
    try:
        packages = {
            package["name"]: package["packageID"] for package in downloader.get_available_packages(session=session)
        }
        missing = [name for name in parts if name not in packages]
        if missing:
            raise CourseError(f"Your Cityscapes account has no access to {', '.join(missing)}: ask for it at {site}.")
        sums = {}
        for name in parts:
            answer = session.get(f"{site}/md5-sum/?packageID={packages[name]}", allow_redirects=False, timeout=60)
            answer.raise_for_status()
            sums[name] = answer.text.split()[0]
    except (requests.RequestException, ValueError, KeyError, TypeError, IndexError) as error:
        raise CourseError(f"{site}: cannot read the list of packages ({brief(error)}). Try again later.") from None
    address = f"{site}/file-handling/?packageID="
    return [
        Archive(name, address + packages[name], wanted, checksum=f"md5:{sums[name]}", session=session)
        for name, wanted in parts.items()
    ]


def log_in() -> requests.Session:
    """Log in with the user's own account, through cityscapesScripts (which asks for it, or remembers it)."""
    from cityscapesscripts.download import downloader

    try:
        return downloader.login()
    except requests.RequestException as error:
        raise CourseError(f"{SITE} cannot be reached ({brief(error)}). Check the network and try again.") from None
    except EOFError:
        raise CourseError(
            f"Cityscapes wants a login (register at {SITE}): run this command in a terminal that can ask "
            "for it, or let `csDownload -l` store it first."
        ) from None
    except Exception as error:  # the downloader raises nothing more specific
        raise CourseError(f"Cityscapes refused the login ({brief(error)}). Check the account at {SITE}.") from None
