/* The patient levels of a 277CA (005010X214, loop 2200D) for accepted claims that lie together in a file. What
 * ack_277ca.py writes claim by claim is the specification: tests compare both. Here only what most claims look like is
 * read; at the first other one, such as a name with an accent, the work is left to the Python. No byte outside of the
 * text is read, and nothing but the answer, which grows with the text, is allocated. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <string.h>

typedef unsigned char byte;

typedef struct {
    const byte *bytes;
    Py_ssize_t size;
} Text;

typedef struct {
    byte terminator, element, component;
} Delimiters;

/* -- the answer -------------------------------------------------------------------------------------------- */

typedef struct {
    char *bytes;
    Py_ssize_t size, room;
    bool failed; /* there was no memory */
} Answer;

static void put(Answer *answer, const void *bytes, Py_ssize_t size)
{
    if (answer->failed)
        return;
    if (answer->room - answer->size < size) {
        Py_ssize_t room = 2 * answer->room + size + 1024;
        char *more = PyMem_Realloc(answer->bytes, (size_t)room);
        if (more == NULL) {
            answer->failed = true;
            return;
        }
        answer->bytes = more;
        answer->room = room;
    }
    memcpy(answer->bytes + answer->size, bytes, (size_t)size);
    answer->size += size;
}

static void put_text(Answer *answer, Text text)
{
    put(answer, text.bytes, text.size);
}

static void put_string(Answer *answer, const char *string)
{
    put(answer, string, (Py_ssize_t)strlen(string));
}

static void put_number(Answer *answer, long long number)
{
    char digits[24];
    put(answer, digits, snprintf(digits, sizeof digits, "%lld", number));
}

/* -- segments and elements --------------------------------------------------------------------------------- */

static bool is_letter_or_digit(byte letter)
{
    return (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z');
}

/* Return the segment at a position, without its terminator, and move the position after it. What precedes a tag and
 * is neither a letter nor a delimiter is layout. */
static Text next_segment(Text text, Py_ssize_t *position, Delimiters by)
{
    Py_ssize_t start = *position;
    while (start < text.size && !is_letter_or_digit(text.bytes[start]) && text.bytes[start] != by.terminator
           && text.bytes[start] != by.element)
        start++;
    const byte *end = memchr(text.bytes + start, by.terminator, (size_t)(text.size - start));
    Py_ssize_t stop = end == NULL ? text.size : end - text.bytes;
    *position = end == NULL ? text.size : stop + 1;
    return (Text){text.bytes + start, stop - start};
}

static bool is_tag(Text segment, const char *tag, Delimiters by)
{
    Py_ssize_t size = (Py_ssize_t)strlen(tag);
    return segment.size > size && memcmp(segment.bytes, tag, (size_t)size) == 0 && segment.bytes[size] == by.element;
}

/* Return whether a segment has a tag and a first element, and goes on after it. */
static bool is_qualified(Text segment, const char *tag, const char *qualifier, Delimiters by)
{
    Py_ssize_t start = (Py_ssize_t)strlen(tag) + 1, size = (Py_ssize_t)strlen(qualifier);
    return is_tag(segment, tag, by) && segment.size > start + size
        && memcmp(segment.bytes + start, qualifier, (size_t)size) == 0 && segment.bytes[start + size] == by.element;
}

/* Return part `number` of a text, from 0; an empty one where there are fewer. */
static Text part(Text text, int number, byte separator)
{
    const byte *start = text.bytes, *end = text.bytes + text.size, *found = NULL;
    for (int i = 0; i <= number; i++) {
        if (i > 0) {
            if (found == NULL)
                return (Text){end, 0};
            start = found + 1;
        }
        found = memchr(start, separator, (size_t)(end - start));
    }
    return (Text){start, (found == NULL ? end : found) - start};
}

static Text element(Text segment, int number, Delimiters by)
{
    return part(segment, number, by.element);
}

static bool equals(Text text, const char *other)
{
    return text.size == (Py_ssize_t)strlen(other) && memcmp(text.bytes, other, (size_t)text.size) == 0;
}

/* Return whether an element is sent in the answer as it came: printable ASCII without a delimiter of the answer and
 * without a blank at either end, from `least` to `most` characters. */
static bool is_plain(Text text, Py_ssize_t least, Py_ssize_t most)
{
    if (text.size < least || text.size > most)
        return false;
    for (Py_ssize_t i = 0; i < text.size; i++) {
        byte letter = text.bytes[i];
        if (letter < ' ' || letter > '~' || letter == '*' || letter == ':' || letter == '^' || letter == '~')
            return false;
    }
    return text.size == 0 || (text.bytes[0] != ' ' && text.bytes[text.size - 1] != ' ');
}

/* -- what an answer needs of a claim ----------------------------------------------------------------------- */

enum { LONGEST_LOOP = 64 * 1024, LONGEST_CLAIM = 12000000 }; /* bytes; of longer ones the Python reads a part */
enum { DAY = 8, PERIOD = 17 };                               /* CCYYMMDD, CCYYMMDD-CCYYMMDD */

typedef struct {
    Text id, charge, facility, frequency, trace;
    long first_day, last_day; /* 0: none */
    Py_ssize_t end;           /* of the claim in the text */
} Claim;

static bool is_day(Text text, long *day)
{
    static const int DAYS[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    *day = 0;
    if (text.size != DAY)
        return false;
    for (int i = 0; i < DAY; i++) {
        if (text.bytes[i] < '0' || text.bytes[i] > '9')
            return false;
        *day = 10 * *day + (text.bytes[i] - '0');
    }
    long year = *day / 10000, month = *day / 100 % 100, date = *day % 100;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return year > 0 && month >= 1 && month <= 12 && date >= 1 && date <= DAYS[month - 1]
        && (month != 2 || date != 29 || leap);
}

static void widen(Claim *claim, long day)
{
    if (claim->first_day == 0 || day < claim->first_day)
        claim->first_day = day;
    if (day > claim->last_day)
        claim->last_day = day;
}

/* Take the days of a DTP; return whether they are days. */
static bool take_days(Text segment, Claim *claim, Delimiters by)
{
    Text value = element(segment, 3, by);
    long first, last;
    if (equals(element(segment, 2, by), "RD8")) {
        if (value.size != PERIOD || value.bytes[DAY] != '-' || !is_day((Text){value.bytes, DAY}, &first)
            || !is_day((Text){value.bytes + DAY + 1, DAY}, &last))
            return false;
        widen(claim, last);
    } else if (value.size < DAY || !is_day((Text){value.bytes, DAY}, &first)) {
        return false;
    }
    widen(claim, first);
    return true;
}

static bool is_head(Text segment, Delimiters by)
{
    return is_tag(segment, "CLM", by) || is_tag(segment, "HL", by);
}

/* Read a claim whose CLM is at a position; return whether it is as most claims are. Its days are those of its statement
 * (DTP*434), or without any those of its lines (DTP*472). REF*D9 is the claim's own before its first loop. */
static bool read_claim(Text text, Py_ssize_t position, Claim *claim, Delimiters by)
{
    Py_ssize_t start = position;
    Text clm = next_segment(text, &position, by), place = element(clm, 5, by);
    Claim statement = {0}, service = {0};
    bool in_loop = false, traced = false;
    *claim = (Claim){.id = element(clm, 1, by), .charge = element(clm, 2, by)};
    claim->facility = part(place, 0, by.component);
    claim->frequency = part(place, 2, by.component);
    for (claim->end = position; position < text.size; claim->end = position) {
        Py_ssize_t before = position;
        Text segment = next_segment(text, &position, by);
        if (is_head(segment, by)) {
            claim->end = before;
            break;
        }
        in_loop = in_loop || is_tag(segment, "NM1", by) || is_tag(segment, "SBR", by) || is_tag(segment, "LX", by);
        if (!in_loop && !traced && is_qualified(segment, "REF", "D9", by)) {
            claim->trace = element(segment, 2, by);
            traced = true;
        }
        bool of_statement = is_qualified(segment, "DTP", "434", by);
        if ((of_statement || is_qualified(segment, "DTP", "472", by))
            && !take_days(segment, of_statement ? &statement : &service, by))
            return false;
    }
    Claim *days = statement.first_day != 0 ? &statement : &service;
    claim->first_day = days->first_day;
    claim->last_day = days->last_day;
    return claim->end - start <= LONGEST_CLAIM && is_plain(claim->id, 1, 50) && is_plain(claim->trace, 0, 50)
        && is_plain(claim->facility, 0, 2) && is_plain(claim->frequency, 0, 1);
}

/* Return an amount such as 120.50 in cents, -1 for one that is written in another way; `shown` is how many characters
 * of it the answer has: no zeros at the end of a fraction. */
static long long cents(Text charge, Py_ssize_t *shown)
{
    long long amount = 0;
    Py_ssize_t dollars = 0, fraction;
    while (dollars < charge.size && charge.bytes[dollars] >= '0' && charge.bytes[dollars] <= '9')
        amount = 10 * amount + (charge.bytes[dollars++] - '0');
    fraction = charge.size - dollars - 1;
    *shown = dollars;
    if (dollars < 1 || dollars > 9 || (charge.bytes[0] == '0' && dollars > 1))
        return -1;
    if (charge.size == dollars)
        return 100 * amount;
    if (charge.bytes[dollars] != '.' || fraction < 1 || fraction > 2)
        return -1;
    for (Py_ssize_t i = dollars + 1; i <= dollars + 2; i++) {
        byte digit = i < charge.size ? charge.bytes[i] : '0';
        if (digit < '0' || digit > '9')
            return -1;
        amount = 10 * amount + (digit - '0');
        if (digit != '0')
            *shown = i + 1;
    }
    return amount;
}

/* -- the levels -------------------------------------------------------------------------------------------- */

typedef struct {
    Text text;
    Delimiters by;
    int institutional;
    long long level, provider; /* HL01 of the last level, and of the billing provider's */
    Text subscriber, patient;  /* NM1*IL and NM1*QC, empty where there is none */
    Text status, today;        /* STC01 of what is accepted, CCYYMMDD */
} Run;

typedef struct {
    Py_ssize_t claims, segments;
    long long cents;
} Totals;

/* Write NM1*QC; return whether the names are plain. */
static bool put_patient(Answer *answer, const Run *run)
{
    enum { LAST = 3, FIRST = 4, MIDDLE = 5, SUFFIX = 7, QUALIFIER = 8, MEMBER = 9 };
    Delimiters by = run->by;
    Text person = run->patient.size > 0 ? run->patient : run->subscriber;
    Text numbered = element(person, MEMBER, by).size > 0 ? person : run->subscriber;
    Text last = element(person, LAST, by), first = element(person, FIRST, by), middle = element(person, MIDDLE, by);
    Text suffix = element(person, SUFFIX, by), qualifier = element(numbered, QUALIFIER, by);
    Text member = element(numbered, MEMBER, by);
    if (!is_plain(last, 1, 60) || !is_plain(first, 0, 35) || !is_plain(middle, 0, 25) || !is_plain(suffix, 0, 10)
        || !is_plain(member, 2, 80))
        return false;
    put_string(answer, "NM1*QC*1*");
    put_text(answer, last);
    put_string(answer, "*");
    put_text(answer, first);
    put_string(answer, "*");
    put_text(answer, middle);
    put_string(answer, "**");
    put_text(answer, suffix);
    put_string(answer, equals(qualifier, "II") ? "*II*" : "*MI*");
    put_text(answer, member);
    put_string(answer, "~\n");
    return true;
}

static void put_days(Answer *answer, const Claim *claim, Text today)
{
    put_string(answer, claim->first_day == claim->last_day ? "DTP*472*D8*" : "DTP*472*RD8*");
    char days[2 * DAY + 2];
    if (claim->first_day == 0) {
        put_text(answer, today);
    } else {
        int size = snprintf(days, sizeof days, "%08ld", claim->first_day);
        put(answer, days, size);
        if (claim->last_day != claim->first_day) {
            put_string(answer, "-");
            put(answer, days, snprintf(days, sizeof days, "%08ld", claim->last_day));
        }
    }
    put_string(answer, "~\n");
}

/* Write the level of a claim; return whether it is as most claims are. */
static bool put_claim(Answer *answer, Run *run, const Claim *claim, Totals *totals)
{
    Py_ssize_t shown, before = answer->size;
    long long amount = cents(claim->charge, &shown);
    if (amount < 0)
        return false;
    put_string(answer, "HL*");
    put_number(answer, run->level + 1);
    put_string(answer, "*");
    put_number(answer, run->provider);
    put_string(answer, "*PT~\n");
    if (!put_patient(answer, run)) {
        answer->size = before;
        return false;
    }
    put_string(answer, "TRN*2*");
    put_text(answer, claim->id);
    put_string(answer, "~\nSTC*");
    put_text(answer, run->status);
    put_string(answer, "*");
    put_text(answer, run->today);
    put_string(answer, "*WQ*");
    put(answer, claim->charge.bytes, shown);
    put_string(answer, "~\n");
    totals->segments += 5;
    if (claim->trace.size > 0) {
        put_string(answer, "REF*D9*");
        put_text(answer, claim->trace);
        put_string(answer, "~\n");
        totals->segments++;
    }
    if (run->institutional && claim->facility.size > 0 && claim->frequency.size > 0) {
        put_string(answer, "REF*BLT*");
        put_text(answer, claim->facility);
        put_text(answer, claim->frequency);
        put_string(answer, "~\n");
        totals->segments++;
    }
    put_days(answer, claim, run->today);
    run->level++;
    totals->claims++;
    totals->cents += amount;
    return true;
}

/* Read an HL loop at a position, and move the position after it; return whether it is as most loops are. */
static bool read_loop(Run *run, Py_ssize_t *position)
{
    static const Text NONE = {(const byte *)"", 0};
    Py_ssize_t start = *position;
    Text level = element(next_segment(run->text, position, run->by), 3, run->by);
    bool of_subscriber = equals(level, "22");
    Text *person = of_subscriber ? &run->subscriber : &run->patient;
    if (!of_subscriber && !equals(level, "23"))
        return false;
    run->patient = NONE;
    *person = NONE;
    while (*position < run->text.size) {
        Py_ssize_t before = *position;
        Text segment = next_segment(run->text, position, run->by);
        if (is_head(segment, run->by)) {
            *position = before;
            break;
        }
        if (person->size == 0 && is_qualified(segment, "NM1", of_subscriber ? "IL" : "QC", run->by))
            *person = segment;
    }
    return *position - start <= LONGEST_LOOP;
}

/* Write the levels of a run from a position on, up to a claim that is not as most are or to the end; return where. */
static Py_ssize_t put_levels(Answer *answer, Run *run, Py_ssize_t position, Totals *totals)
{
    Claim claim;
    while (position < run->text.size && !answer->failed) {
        Py_ssize_t start = position, next = position;
        Text segment = next_segment(run->text, &next, run->by);
        if (is_tag(segment, "HL", run->by)) {
            if (!read_loop(run, &position))
                return start;
        } else if (is_tag(segment, "CLM", run->by)) {
            if (!read_claim(run->text, position, &claim, run->by) || !put_claim(answer, run, &claim, totals))
                return start;
            position = claim.end;
        } else if (segment.size == 0) {
            position = next;
        } else {
            return start;
        }
    }
    return position;
}

static PyObject *patient_levels(PyObject *module, PyObject *args)
{
    Run run = {0};
    Totals totals = {0};
    Answer answer = {0};
    Py_ssize_t position;
    if (!PyArg_ParseTuple(args, "y#ncccpLLy#y#y#y#", &run.text.bytes, &run.text.size, &position, &run.by.terminator,
                          &run.by.element, &run.by.component, &run.institutional, &run.level, &run.provider,
                          &run.subscriber.bytes, &run.subscriber.size, &run.patient.bytes, &run.patient.size,
                          &run.status.bytes, &run.status.size, &run.today.bytes, &run.today.size))
        return NULL;
    if (position < 0 || position > run.text.size) {
        PyErr_SetString(PyExc_ValueError, "a position outside of the text");
        return NULL;
    }
    position = put_levels(&answer, &run, position, &totals);
    PyObject *result = answer.failed ? PyErr_NoMemory()
                                     : Py_BuildValue("y#nnLn", answer.bytes == NULL ? "" : answer.bytes, answer.size,
                                                     totals.claims, totals.segments, totals.cents, position);
    PyMem_Free(answer.bytes);
    return result;
}

/* -- the module -------------------------------------------------------------------------------------------- */

static PyMethodDef FUNCTIONS[] = {
    {"patient_levels", patient_levels, METH_VARARGS, "Return the levels of claims, their totals and where it stopped."},
    {NULL, NULL, 0, NULL},
};

/* The version of the program that this was compiled for: a binary of another version is not used. */
static int add_version(PyObject *module)
{
    return PyModule_AddStringConstant(module, "version", X12PROC_VERSION);
}

/* The module has no state: threads and interpreters need not wait for one another. */
static PyModuleDef_Slot SLOTS[] = {
    {Py_mod_exec, add_version},
#ifdef Py_mod_multiple_interpreters
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, "_levels", NULL, 0, FUNCTIONS, SLOTS, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__levels(void)
{
    return PyModuleDef_Init(&MODULE);
}
