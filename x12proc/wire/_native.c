/* The passes over every byte of a file, several times as fast as their Python in accelerated.py and boundaries.py,
 * which is their specification: tests compare both. Nothing but the result is allocated, and no byte outside of the
 * text is read, whatever the text holds. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <string.h>

typedef unsigned char byte;

typedef struct {
    const byte *bytes;
    Py_ssize_t size;
} Text;

static Text text_of(PyObject *bytes)
{
    return (Text){(const byte *)PyBytes_AS_STRING(bytes), PyBytes_GET_SIZE(bytes)};
}

/* -- boundaries -------------------------------------------------------------------------------------------- */

enum { HL_REACH = 48 };

typedef enum { NO_HEAD, CLM, HL, ST, ENVELOPE } Kind;

/* The head of a segment: the position of its tag, -1 where it is in an earlier window. */
typedef struct {
    Kind kind;
    Py_ssize_t position;
    Py_ssize_t tag_size;
} Head;

typedef struct {
    Py_ssize_t position, end, number; /* number 0: no loop */
} Loop;

/* A code, and where it is next: letter[0] and letter[1] are the next positions of its first letter in either case,
 * found once however often the search begins anew. The size of the text means none. */
typedef struct {
    Text text;
    byte first[2];
    Py_ssize_t letter[2];
    Py_ssize_t next;
} Code;

typedef struct {
    Code *list;
    Py_ssize_t count;
    byte terminator, element; /* which are no blanks in a code */
} Codes;

/* The claims and HL loops since the last boundary. */
typedef struct {
    Py_ssize_t claims, loops;
    Loop provider, subscriber, patient;
} Passed;

static bool may_begin_tag(byte letter)
{
    return (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z');
}

static byte upper(byte letter)
{
    return letter >= 'a' && letter <= 'z' ? (byte)(letter - ('a' - 'A')) : letter;
}

static bool begins_with(Text text, Py_ssize_t position, const char *tag, Py_ssize_t size, byte element)
{
    return text.size - position > size && memcmp(text.bytes + position, tag, (size_t)size) == 0
        && text.bytes[position + size] == element;
}

static Head head_at(Text text, Py_ssize_t position, byte element)
{
    static const struct { const char *tag; Py_ssize_t size; Kind kind; } TAGS[] = {
        {"HL", 2, HL}, {"CLM", 3, CLM}, {"ST", 2, ST}, {"SE", 2, ENVELOPE}, {"GS", 2, ENVELOPE},
        {"GE", 2, ENVELOPE}, {"IEA", 3, ENVELOPE}, {"ISA", 3, ENVELOPE},
    };
    if (position < text.size && strchr("HCSGI", text.bytes[position]) != NULL && text.bytes[position] != 0)
        for (size_t i = 0; i < sizeof TAGS / sizeof *TAGS; i++)
            if (begins_with(text, position, TAGS[i].tag, TAGS[i].size, element))
                return (Head){TAGS[i].kind, position, TAGS[i].size};
    return (Head){NO_HEAD, position, 0};
}

/* Return whether a tag in capitals goes on without a separator: CLMA1*100. */
static bool is_joined(Text text, Py_ssize_t after, bool digits_only, byte terminator, byte element)
{
    enum { REACH = 40 };
    byte letter = text.bytes[after];
    if (digits_only ? letter < '0' || letter > '9' : !may_begin_tag(letter))
        return false;
    Py_ssize_t position = after + 1, end = text.size - position < REACH ? text.size : position + REACH;
    while (position < end && text.bytes[position] != terminator && text.bytes[position] != element)
        position++;
    return position < text.size && text.bytes[position] == element;
}

/* Return whether a tag in capitals is followed by what separates nothing: CLM|A1. */
static bool is_separated_otherwise(byte after, byte terminator, byte element)
{
    return !may_begin_tag(after) && memchr(" \t\r\n", after, 4) == NULL && after != terminator && after != element;
}

/* Return whether a head was meant to open a claim, an HL loop or an interchange, and can't be read as one. */
static bool is_broken_head(Text text, Py_ssize_t position, byte terminator, byte element)
{
    static const char *const TAGS[] = {"CLM", "HL", "ISA"};
    for (int i = 0; i < 3; i++) {
        Py_ssize_t size = (Py_ssize_t)strlen(TAGS[i]), after = position + size, at = 0;
        if (text.size < after)
            continue;
        while (at < size && upper(text.bytes[position + at]) == (byte)TAGS[i][at])
            at++;
        if (at < size)
            continue;
        bool exact = memcmp(text.bytes + position, TAGS[i], (size_t)size) == 0, opens_interchange = i == 2;
        if (!opens_interchange) {
            Py_ssize_t end = after;
            while (end < text.size && (text.bytes[end] == ' ' || text.bytes[end] == '\t'))
                end++;
            if (end == text.size || text.bytes[end] == terminator || text.bytes[end] == element)
                return true;
        }
        if (!exact || after == text.size)
            return false;
        return (!opens_interchange && is_joined(text, after, i == 1, terminator, element))
            || is_separated_otherwise(text.bytes[after], terminator, element);
    }
    return false;
}

/* The positions of the first head that is broken, of the first HL of an unknown level and of the first note of
 * x12proc; -1 for none. */
typedef struct {
    Py_ssize_t broken, level, note;
} Oddities;

/* Return whether a note that x12proc once put in is at a position: NTE*TPO*X12PROC. */
static bool is_own_note(Text text, Py_ssize_t position, byte element)
{
    const byte *at = text.bytes + position;
    return text.size - position >= 16 && memcmp(at, "NTE", 3) == 0 && at[3] == element && memcmp(at + 4, "TPO", 3) == 0
        && at[7] == element && memcmp(at + 8, "X12PROC ", 8) == 0;
}

/* Find the first head after a position; one of kind NO_HEAD at the end of the text where there is none. */
static Head next_head(Text text, Py_ssize_t position, byte terminator, byte element, Oddities *odd)
{
    const byte *found;
    while (position < text.size
           && (found = memchr(text.bytes + position, terminator, (size_t)(text.size - position))) != NULL) {
        position = found - text.bytes + 1;
        while (position < text.size && !may_begin_tag(text.bytes[position]) && text.bytes[position] != terminator
               && text.bytes[position] != element)
            position++;
        Head head = head_at(text, position, element);
        if (head.kind != NO_HEAD)
            return head;
        byte letter = position < text.size ? upper(text.bytes[position]) : 0;
        if ((letter == 'C' || letter == 'H' || letter == 'I') && odd->broken < 0
            && is_broken_head(text, position, terminator, element))
            odd->broken = position;
        if (letter == 'N' && odd->note < 0 && is_own_note(text, position, element))
            odd->note = position;
    }
    return (Head){NO_HEAD, text.size, 0};
}

static byte lower(byte letter)
{
    return letter >= 'A' && letter <= 'Z' ? (byte)(letter + ('a' - 'A')) : letter;
}

static bool is_blank(byte letter, const Codes *codes)
{
    return (letter == ' ' || letter == '\t' || letter == '\r' || letter == '\n') && letter != codes->terminator
        && letter != codes->element;
}

/* Return whether a code is at a position, in any case and with blanks in it. */
static bool is_code_at(Text text, Py_ssize_t position, Text code, const Codes *codes)
{
    for (Py_ssize_t i = 0; i < code.size; i++, position++) {
        while (i > 0 && position < text.size && is_blank(text.bytes[position], codes))
            position++;
        if (position >= text.size || upper(text.bytes[position]) != upper(code.bytes[i]))
            return false;
    }
    return true;
}

static Py_ssize_t find_byte(Text text, Py_ssize_t position, byte wanted)
{
    const byte *found = memchr(text.bytes + position, wanted, (size_t)(text.size - position));
    return found == NULL ? text.size : found - text.bytes;
}

/* Return the first position of a code from a position on, or the size of the text. */
static Py_ssize_t find_code(Text text, Py_ssize_t position, Code *code, const Codes *codes)
{
    while (position < text.size) {
        for (int i = 0; i < 2; i++)
            if (code->letter[i] < position)
                code->letter[i] = i == 1 && code->first[1] == code->first[0]
                    ? text.size : find_byte(text, position, code->first[i]);
        position = code->letter[0] < code->letter[1] ? code->letter[0] : code->letter[1];
        if (position < text.size && is_code_at(text, position, code->text, codes))
            return position;
        position++;
    }
    return text.size;
}

/* Return whether a code occurs before a position, and after the position of the call before. */
static bool occurs_before(Codes *codes, Text text, Py_ssize_t position)
{
    bool occurs = false;
    for (Code *code = codes->list; code < codes->list + codes->count; code++)
        if (code->next < position) {
            occurs = true;
            code->next = find_code(text, position, code, codes);
        }
    return occurs;
}

/* Return HL03 of the HL at a position, its first two letters at most. */
static Text hl_level_at(Text text, Py_ssize_t position, byte terminator, byte element)
{
    Py_ssize_t end = text.size - position < HL_REACH ? text.size : position + HL_REACH;
    int separators = 0;
    const byte *stop = memchr(text.bytes + position, terminator, (size_t)(end - position));
    if (stop != NULL)
        end = stop - text.bytes;
    while (position < end && separators < 3)
        separators += text.bytes[position++] == element;
    Text level = {text.bytes + position, 0};
    if (separators == 3)
        while (level.size < 2 && position + level.size < end && level.bytes[level.size] != element)
            level.size++;
    return level;
}

static bool is_level(Text level, const char *code)
{
    return level.size == 2 && memcmp(level.bytes, code, 2) == 0;
}

static void pass_loop(Passed *passed, Py_ssize_t position, Py_ssize_t end, Text level)
{
    static const Loop NONE = {0, 0, 0};
    Loop loop = {position, end, ++passed->loops};
    if (is_level(level, "20")) {
        passed->provider = loop;
        passed->subscriber = passed->patient = NONE;
    } else if (is_level(level, "22")) {
        passed->subscriber = loop;
        passed->patient = NONE;
    } else {
        passed->patient = loop;
    }
}

static PyObject *loop_or_none(Loop loop)
{
    if (loop.number == 0)
        Py_RETURN_NONE;
    return Py_BuildValue("nnn", loop.position, loop.end, loop.number);
}

static PyObject *open_loops(const Passed *passed)
{
    return Py_BuildValue("NNN", loop_or_none(passed->provider), loop_or_none(passed->subscriber),
                         loop_or_none(passed->patient));
}

static PyObject *tag_of(Text text, Head head, PyObject *carried)
{
    if (head.position < 0)
        return Py_NewRef(carried);
    return PyBytes_FromStringAndSize((const char *)text.bytes + head.position, head.tag_size);
}

static int add_boundary(PyObject *boundaries, Text text, Head at, Head opened, PyObject *carried, bool has_code,
                        Py_ssize_t number, const Passed *passed)
{
    PyObject *boundary = Py_BuildValue("nNNnNnnnN", at.position, tag_of(text, at, carried),
                                       tag_of(text, opened, carried), opened.position, PyBool_FromLong(has_code),
                                       passed->claims, number, passed->loops, open_loops(passed));
    if (boundary == NULL)
        return -1;
    int failed = PyList_Append(boundaries, boundary);
    Py_DECREF(boundary);
    return failed;
}

static bool read_codes(PyObject *tuple, Text text, Codes *codes)
{
    for (; codes->count < PyTuple_GET_SIZE(tuple); codes->count++) {
        Code *code = codes->list + codes->count;
        char *bytes;
        if (PyBytes_AsStringAndSize(PyTuple_GET_ITEM(tuple, codes->count), &bytes, &code->text.size) < 0)
            return false;
        if (code->text.size == 0) {
            PyErr_SetString(PyExc_ValueError, "an empty code");
            return false;
        }
        code->text.bytes = (const byte *)bytes;
        code->first[0] = upper(code->text.bytes[0]);
        code->first[1] = lower(code->text.bytes[0]);
        code->letter[0] = code->letter[1] = -1;
        code->next = find_code(text, 0, code, codes);
    }
    return true;
}

static Kind kind_of(PyObject *tag)
{
    Text text = text_of(tag);
    if (text.size == 3 && memcmp(text.bytes, "CLM", 3) == 0)
        return CLM;
    if (text.size == 2 && memcmp(text.bytes, "HL", 2) == 0)
        return HL;
    if (text.size == 2 && memcmp(text.bytes, "ST", 2) == 0)
        return ST;
    return NO_HEAD;
}

/* The range that the window before left open, and how the text is read. */
typedef struct {
    byte terminator, element;
    int reported, has_code;
    Py_ssize_t number;
    PyObject *tag;
    Text level;
} Start;

static bool is_known_level(Text level)
{
    return is_level(level, "20") || is_level(level, "22") || is_level(level, "23");
}

enum { WITH_CODE, CLAIMS, RUNS }; /* which boundaries are reported */

/* Return whether a boundary is the end of a claim or of a stretch of claims that is asked for. */
static bool is_asked_for(Text text, Head opened, Head head, const Start *start)
{
    if (start->reported != RUNS)
        return start->reported == CLAIMS && opened.kind == CLM;
    byte terminator = start->terminator, element = start->element;
    return opened.position < 0
        || (opened.kind == HL && is_level(hl_level_at(text, opened.position, terminator, element), "20"))
        || (head.kind == HL && is_level(hl_level_at(text, head.position, terminator, element), "20"));
}

/* Add the boundaries of a text to a list; -1 where that fails. */
static int walk(PyObject *found, Text text, Codes *codes, const Start *start, Oddities *odd)
{
    Passed passed = {0};
    Head opened = {kind_of(start->tag), -1, 0};
    Py_ssize_t number = start->number, position = 0;
    bool has_code = start->has_code;
    for (;;) {
        Head head = next_head(text, position, start->terminator, start->element, odd);
        bool ends = head.kind == NO_HEAD;
        has_code = occurs_before(codes, text, head.position) || has_code;
        if (opened.kind == HL && !ends)
            pass_loop(&passed, opened.position, head.position,
                      opened.position < 0 ? start->level : hl_level_at(text, opened.position, start->terminator, start->element));
        bool reported = has_code || opened.kind == ST || is_asked_for(text, opened, head, start);
        if (reported || ends || head.kind == ST || head.kind == ENVELOPE) {
            if (add_boundary(found, text, head, opened, start->tag, has_code, number, &passed) < 0)
                return -1;
            passed = (Passed){0};
        }
        if (ends)
            return 0;
        if (head.kind == HL && odd->level < 0
            && !is_known_level(hl_level_at(text, head.position, start->terminator, start->element)))
            odd->level = head.position;
        passed.claims += head.kind == CLM;
        number = head.kind == CLM ? number + 1 : 0;
        opened = head;
        has_code = false;
        position = head.position;
    }
}

static PyObject *find_boundaries(PyObject *module, PyObject *args)
{
    PyObject *whole, *tuple, *level;
    Start start;
    if (!PyArg_ParseTuple(args, "SccO!iSSpn", &whole, &start.terminator, &start.element, &PyTuple_Type, &tuple,
                          &start.reported, &start.tag, &level, &start.has_code, &start.number))
        return NULL;
    start.level = text_of(level);
    Codes codes = {PyMem_New(Code, PyTuple_GET_SIZE(tuple)), 0, start.terminator, start.element};
    if (codes.list == NULL)
        return PyErr_NoMemory();
    Oddities odd = {-1, -1, -1};
    PyObject *found = PyList_New(0);
    if (found != NULL
        && (!read_codes(tuple, text_of(whole), &codes) || walk(found, text_of(whole), &codes, &start, &odd) < 0))
        Py_CLEAR(found);
    PyMem_Free(codes.list);
    return found == NULL ? NULL : Py_BuildValue("Nnnn", found, odd.broken, odd.level, odd.note);
}

/* -- codes ------------------------------------------------------------------------------------------------- */

/* Add the positions of a code to a list; -1 where that fails. */
static int add_positions(PyObject *found, Text text, Code *code, const Codes *codes)
{
    for (; code->next < text.size; code->next = find_code(text, code->next + 1, code, codes)) {
        PyObject *position = PyLong_FromSsize_t(code->next);
        int failed = position == NULL ? -1 : PyList_Append(found, position);
        Py_XDECREF(position);
        if (failed < 0)
            return -1;
    }
    return 0;
}

static PyObject *code_positions(PyObject *module, PyObject *args)
{
    PyObject *whole, *tuple;
    byte terminator, element;
    if (!PyArg_ParseTuple(args, "SccO!", &whole, &terminator, &element, &PyTuple_Type, &tuple))
        return NULL;
    Codes codes = {PyMem_New(Code, PyTuple_GET_SIZE(tuple)), 0, terminator, element};
    if (codes.list == NULL)
        return PyErr_NoMemory();
    PyObject *found = PyList_New(0);
    bool failed = found == NULL || !read_codes(tuple, text_of(whole), &codes);
    for (Py_ssize_t i = 0; !failed && i < codes.count; i++)
        failed = add_positions(found, text_of(whole), codes.list + i, &codes) < 0;
    failed = failed || PyList_Sort(found) < 0;
    PyMem_Free(codes.list);
    if (failed)
        Py_CLEAR(found);
    return found;
}

/* -- counting ---------------------------------------------------------------------------------------------- */

enum { LANES = 64, ROUNDS = 255 }; /* the count of so many rounds fits a byte */

/* Count a byte, or, where `before` is a byte, its occurrences right after that one. The inner loop has no branch and
 * is as wide as a machine's registers: compilers make a few instructions of it. */
static Py_ssize_t counted(Text text, byte wanted, const byte *before)
{
    Py_ssize_t sum = 0, position = before != NULL;
    while (text.size - position >= LANES) {
        Py_ssize_t rounds = (text.size - position) / LANES;
        byte lanes[LANES] = {0};
        if (rounds > ROUNDS)
            rounds = ROUNDS;
        for (const byte *at = text.bytes + position, *end = at + rounds * LANES; at < end; at += LANES)
            if (before == NULL)
                for (int i = 0; i < LANES; i++)
                    lanes[i] += at[i] == wanted;
            else
                for (int i = 0; i < LANES; i++)
                    lanes[i] += (at[i] == wanted) & (at[i - 1] == *before);
        for (int i = 0; i < LANES; i++)
            sum += lanes[i];
        position += rounds * LANES;
    }
    for (; position < text.size; position++)
        sum += text.bytes[position] == wanted && (before == NULL || text.bytes[position - 1] == *before);
    return sum;
}

static PyObject *count(PyObject *module, PyObject *args)
{
    PyObject *whole;
    byte wanted;
    Py_ssize_t start, end;
    if (!PyArg_ParseTuple(args, "Scnn", &whole, &wanted, &start, &end))
        return NULL;
    if (start < 0 || end < 0) {
        PyErr_SetString(PyExc_ValueError, "a position before the text");
        return NULL;
    }
    if (end > PyBytes_GET_SIZE(whole))
        end = PyBytes_GET_SIZE(whole);
    if (end < start)
        end = start = 0;
    return PyLong_FromSsize_t(counted((Text){text_of(whole).bytes + start, end - start}, wanted, NULL));
}

/* -- line ends --------------------------------------------------------------------------------------------- */

static bool all_follow(Text text, byte wanted, byte terminator)
{
    return counted(text, wanted, NULL) == counted(text, wanted, &terminator);
}

static Py_ssize_t pairs_after(Text text, byte terminator)
{
    Py_ssize_t sum = 0;
    for (Py_ssize_t i = 2; i < text.size; i++)
        sum += (text.bytes[i - 2] == terminator) & (text.bytes[i - 1] == '\r') & (text.bytes[i] == '\n');
    return sum;
}

static PyObject *has_stray_line_ends(PyObject *module, PyObject *args)
{
    PyObject *whole;
    byte terminator;
    if (!PyArg_ParseTuple(args, "Sc", &whole, &terminator))
        return NULL;
    Text text = text_of(whole);
    if (terminator == '\n')
        return PyBool_FromLong(!all_follow(text, '\r', terminator));
    if (terminator == '\r' || memchr(text.bytes, '\r', (size_t)text.size) == NULL)
        return PyBool_FromLong(!all_follow(text, '\n', terminator));
    Py_ssize_t feeds = counted(text, '\n', NULL);
    return PyBool_FromLong(feeds != counted(text, '\r', NULL) || feeds != pairs_after(text, terminator));
}

/* -- the module -------------------------------------------------------------------------------------------- */

static PyMethodDef FUNCTIONS[] = {
    {"find_boundaries", find_boundaries, METH_VARARGS, "Like find_boundaries_py."},
    {"code_positions", code_positions, METH_VARARGS, "Like code_positions_py."},
    {"count", count, METH_VARARGS, "Like count_py."},
    {"has_stray_line_ends", has_stray_line_ends, METH_VARARGS, "Like has_stray_line_ends_py."},
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

static struct PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, "_native", NULL, 0, FUNCTIONS, SLOTS, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__native(void)
{
    return PyModuleDef_Init(&MODULE);
}
