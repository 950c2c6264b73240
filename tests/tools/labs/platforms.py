"""How Canvas and Moodle import a file of grades and name submissions: reimplemented from their sources.

Only the rules that decide which student gets which mark; no forms and no permissions.
"""

import csv
import io
import re


class Aborted(Exception):
    """The platform refuses the whole file."""


def parsed(text, separator=","):
    """Lines of fields, as Ruby's CSV and PHP's `fgetcsv` read them alike; what they read otherwise is refused."""
    assert "\\" not in text, "fgetcsv takes it for an escape before a quote"
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise Aborted(str(error)) from error


class CanvasGradebook:
    """Canvas: `lib/gradebook_importer.rb`, `ui/features/gradebook_uploads/jquery/process_gradebook_upload.js`.

    Attributes:
        grades: by user id.
        asked: names of which Canvas asks the instructor whom they mean.
        created: points possible by new assignment; None where there are none.
    """

    def __init__(self, students, title, grades=None):
        """`students`: name and login by user id; `title` of the course's only assignment, or None."""
        self.students, self.title, self.grades = students, title, dict(grades or {})
        self.asked, self.created = [], {}

    def take(self, data):
        """Import a file (`csv_stream`, `check_for_non_student_row`)."""
        text = data.decode("utf-8")
        lines = [line for line in text.splitlines(keepends=True) if not re.fullmatch(r"[;, ]+", line.rstrip("\r\n"))]
        header, *rows = parsed("".join(lines), self._separator(text.splitlines(keepends=True)[:3]))
        header = [self._converted(field) for field in header]
        first = self._first_assignment(header)
        points = None
        for row in rows:
            row = [self._converted(field) for field in row]
            if "Points Possible" in (row[0] or ""):
                points = row[first]
            elif not all(re.search(r"^\s*(Muted|Manual Posting.*)?\s*$", field, re.M | re.I) for field in row if field):
                self._student(row, row[first].strip() if row[first] else row[first])
        if self.title is None:
            self.created[header[first]] = points
        else:
            # `parse_assignments`: the number in brackets, or the title.
            assert header[first] == self.title, "Canvas asks which assignment this is"

    def _student(self, row, grade):
        """`process_student`, `process_submissions`, and `populateGradeDataPerSubmission`."""
        name, number, login = row[0], re.match(r"\d*", row[1] or "")[0], row[3]
        user = int(number) if number and int(number) in self.students else None
        if user is None and login:
            user = next((one for one, (_, known) in self.students.items() if known == login), None)
        if user is None:
            user = next((one for one, (known, _) in self.students.items() if known == name), None)
        if user is None:
            self.asked.append(name)
        else:
            self.grades[user] = float(grade) if grade else None

    @staticmethod
    def _first_assignment(header):
        """`row_has_student_headers?`, `update_column_count`, `last_student_info_column`."""
        if not (len(header) > 3 and "Student" in header[0] and "ID" in header[1]):
            raise Aborted("Invalid header row")
        columns = 3
        if re.search(r"SIS\s+Login\s+ID", header[2]):
            columns = 4
        elif re.search(r"SIS\s+User\s+ID", header[2]) and re.search(r"SIS\s+Login\s+ID", header[3]):
            columns = 5
        if "Section" not in header[columns - 1] or len(header) != columns + 1:
            raise Aborted("Invalid header row")
        return columns

    @staticmethod
    def _separator(lines):
        """`identify_delimiter`: of the first three lines, whatever quotes are open."""
        counts = {}
        for separator in ";,":
            try:
                sizes = {len(parsed(line, separator)[0]) for line in lines}
            except Aborted:
                sizes = set()
            counts[separator] = sizes.pop() if len(sizes) == 1 else 0
        return ";" if counts[";"] > counts[","] else ","

    @staticmethod
    def _converted(field):
        """`CSV::Converters[:decimal_comma_to_period]`, for every field."""
        if not re.search(r"^-?[0-9.,]+%?$", field, re.M):
            return field or None
        parts = re.sub(r"[,.]+$", "", field).replace(",", ".").split(".")
        return parts[0] if len(parts) == 1 else f"{''.join(parts[:-1])}.{parts[-1]}"

    @staticmethod
    def file_name(name, user, late, attachment, original):
        """`get_filename`, `sanitize_user_name` and `add_upload_submission` of `lib/content_zipper.rb`."""
        name = re.sub(r"_(\d+)_", r"\1", name).lower()
        whole = "_".join([name, *(["LATE"] if late else []), str(user)])
        whole = re.sub(r"[^\w]", "", whole)
        return f"{whole}_{attachment}_" + re.sub(r'[\x00/\\:*?"<>|]+', "_", original)


def moodle_lines(data):
    """`csv_import_reader::load_csv_content` of `lib/csvlib.class.php`."""
    text = data.decode("utf-8").removeprefix("\ufeff")
    lines = [line for line in parsed(re.sub(r"\r\n?", "\n", text).strip()) if line]
    if any(len(line) != len(lines[0]) for line in lines):
        raise Aborted("csvweirdcolumns")
    return lines


class MoodleGradebook:
    """Moodle's import of CSV into one item of its gradebook: `grade/import/csv/classes/load_data.php`.

    Attributes:
        grades: by username.
    """

    def __init__(self, usernames, grades=None):
        self.usernames, self.grades = set(usernames), dict(grades or {})

    def take(self, data, new=False):
        """Import: the first column mapped to the username, the second to the item, which may be `new`."""
        header, *lines = moodle_lines(data)
        assert len(header) == 2
        user, found = None, dict(self.grades)
        for line in lines:
            name, value = (field.strip() for field in line)
            # PHP's `empty`: the user of the line before stays.
            if name not in ("", "0"):
                if name not in self.usernames:
                    raise Aborted("usermappingerror")
                user = name
            if user is None:
                raise Aborted("usermappingerrorusernotfound")
            if new:
                # `import_new_grade_item`; the database makes a number of "".
                found[user] = None if value == "-" else float(value or 0)
            else:
                found[user] = None if value in ("", "-") else self._unformatted(value)
        self.grades = found

    @staticmethod
    def _unformatted(value):
        """`unformat_float`, strictly, in a language with a decimal comma."""
        if not re.fullmatch(r"\d+(\.\d+)?", value.replace(" ", "").replace(",", ".")):
            raise Aborted("badgrade")
        return float(value.replace(",", "."))


class MoodleAssignment:
    """A Moodle assignment with "Offline grading worksheet": `importgradeslib.php`, `locallib.php` of
    `mod/assign/feedback/offline`.

    Attributes:
        grades: by participant's number.
    """

    def __init__(self, participants, maximum, grades=None):
        self.participants, self.maximum, self.grades = set(participants), maximum, dict(grades or {})

    def take(self, data, overwrite=False):
        """Import, with or without the tick at "Allow updating records that have been modified more recently"."""
        header, *lines = moodle_lines(data)
        if not {"Identifier", "Grade", "Last modified (grade)"} <= set(header):
            raise Aborted("invalidgradeimport")
        for line in lines:
            record = dict(zip(header, line, strict=True))
            number = record["Identifier"][len("Participant ") :]
            stale = int(number) in self.grades and record["Last modified (grade)"] == "-"
            value = record["Grade"].strip()
            if int(number) in self.participants and value and (overwrite or not stale):
                grade = MoodleGradebook._unformatted(value)
                if 0 <= grade <= self.maximum:
                    self.grades[int(number)] = grade

    @staticmethod
    def path(name, participant, original, folders):
        """`download_submissions` of `mod/assign/locallib.php`."""
        prefix = re.sub(r'[\x00-\x1f&<>"`|:\\/\']', "", f"{name.replace('_', ' ')}_{participant}")
        return f"{prefix}_assignsubmission_file" + ("/" if folders else "_") + original
