"""NumPy's archives from elsewhere."""

import zipfile


def read_arrays(file, most: int) -> dict:
    """The arrays of an .npz file, if they are no more than their reader expects: zeros compress a thousandfold.

    Args:
        file: open for reading, or a path.
        most: bytes of all arrays together.

    Returns:
        NumPy arrays by name.

    Raises:
        Exception: of many kinds; zipfile, zlib and NumPy raise everything there is where a file is damaged.
    """
    import numpy as np

    with zipfile.ZipFile(file) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > most:
        raise ValueError(f"it would unpack to {size / 1e6:,.0f} MB, and more than {most / 1e6:,.0f} are not read")
    with np.load(file, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}
