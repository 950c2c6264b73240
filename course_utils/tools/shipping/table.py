"""The shipped networks as a Markdown table, as `docs/shipped-networks.md` holds it."""

from course_utils import weights


def table() -> str:
    """A row per shipped network: size, training, mean IoU in per cent, and that of the image-blind prior."""
    rows = ["| network | weights | images | epochs | val mIoU | test mIoU | prior |", "|---|---|---|---|---|---|---|"]
    for address in weights.shipped():
        card = weights.card(address)
        height, width = card.image_size
        shares = [card.scores.get(split, {}).get("mean_iou") for split in ("val", "test")]
        prior = card.scores.get("test", card.scores["val"])["prior_mean_iou"]
        shown = ["" if share is None else f"{100 * share:.1f}" for share in (*shares, prior)]
        start = " (encoder from ImageNet)" if card.encoder_weights else ""
        size = f"{card.parameters / 1e6:.2f} M"
        rows.append(f"| {address}{start} | {size} | {height}x{width} | {card.epochs} | {' | '.join(shown)} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    print(table(), end="")
