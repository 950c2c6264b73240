"""Animations and quizzes on a page of their own: by keyboard and mouse, without a server, on paper, without motion."""

import os
import shutil

import numpy as np
import pytest

pytest.importorskip("playwright", reason="Playwright is not installed: the players are not tried in a browser")

from playwright.sync_api import expect, sync_playwright

from course_utils.plotting import playing, stamping_frames
from course_utils.quizzes import QUIZZES
from course_utils.quizzes.question import to_html


@pytest.fixture(scope="module")
def browser():
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("No Chromium on the path: the players are not tried in a browser")
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=options)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, tmp_path):
    """A page with a player of four frames and the quiz of notebook 02; it may load nothing."""
    values = np.array([[1.0, 2.0, 3.0]])
    frames = stamping_frames(values, np.ones((1, 1)), 1, [np.zeros((1, 3))] * 4)
    file = tmp_path / "page.html"
    html = playing.to_html(frames, "stamps") + to_html("02", QUIZZES["02"])
    file.write_text(f"<!doctype html><meta charset=utf-8><title>Page</title>{html}", "utf-8")
    page, complaints = browser.new_page(), []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.append(request.url) if request.url.startswith("http") else None)
    page.goto(file.as_uri())
    yield page
    assert complaints == []
    page.close()


def test_keys_and_buttons_step_through(page):
    slider, frames = page.get_by_role("slider", name="Step"), page.locator(".course-frame:visible")
    expect(frames).to_have_count(1)
    slider.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext").startswith("2 of 4: Stamp 1")
    page.get_by_role("button", name="One step on").press("Enter")
    expect(frames).to_contain_text("Stamp 2")
    page.get_by_role("button", name="One step back").click()
    expect(frames).to_contain_text("Stamp 1")


def test_play_runs_to_the_end_pauses_and_begins_again(page):
    page.clock.install()
    page.reload()
    page.clock.pause_at("2100-01-01")  # from here on only the test moves the time, however busy the machine is
    play, slider = page.get_by_role("button", name="Play"), page.get_by_role("slider")
    play.press("Space")
    page.clock.run_for(1500)
    assert slider.input_value() == "2"
    page.get_by_role("button", name="Pause").click()
    page.clock.run_for(5000)
    assert slider.input_value() == "2"
    play.click()
    page.clock.run_for(9000)
    assert slider.input_value() == "4"
    expect(play).to_be_visible()
    play.click()
    assert slider.input_value() == "1"


def test_paper_has_every_frame_and_no_controls(page):
    page.emulate_media(media="print")
    expect(page.locator(".course-frame:visible")).to_have_count(4)
    expect(page.locator(".course-bar")).to_be_hidden()


def test_who_wants_no_motion_steps_by_hand(page):
    page.emulate_media(reduced_motion="reduce")
    expect(page.get_by_role("button", name="Play")).to_be_hidden()
    expect(page.get_by_role("slider")).to_be_visible()


def test_without_scripts_all_frames_are_there_and_the_quiz_works(browser, page):
    context = browser.new_context(java_script_enabled=False)
    bare = context.new_page()
    bare.goto(page.url)
    expect(bare.locator(".course-frame:visible")).to_have_count(4)
    first = bare.locator("summary").first
    expect(bare.locator(".course-option > p:visible")).to_have_count(0)
    first.press("Enter")
    expect(bare.locator(".course-option > p:visible")).to_have_count(1)
    context.close()
