/* The passes over every byte of a file, several times as fast as their Python in wire/fast.py, which is their
 * specification: tests hold one against the other. Nothing is allocated for a text but the answer, and no byte is
 * read outside of it, whatever it holds. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <string.h>

typedef unsigned char byte;

typedef struct {
    const byte *bytes;
    Py_ssize_t size;
} Text;

/* -- stops ------------------------------------------------------------------------------------------------- */

enum { MOST_CODES = 64, HL_REACH = 48 };

typedef enum { NO_MARK, CLM, HL, ST, ENVELOPE } Kind;

/* A mark: the place of its tag. The place -1 stands for one in an earlier window. */
typedef struct {
    Kind kind;
    Py_ssize_t place;
    Py_ssize_t tag_size;
} Mark;

typedef struct {
    Py_ssize_t place, end, number; /* number 0: there is none */
} Loop;

typedef struct {
    Text codes[MOST_CODES];
    Py_ssize_t next[MOST_CODES]; /* where each code occurs next, or the size of the text */
    Py_ssize_t count;
} Codes;

/* What has been passed since the last stop. */
typedef struct {
    Py_ssize_t claims, loops;
    Loop provider, subscriber, patient;
} Passed;

static bool may_begin_tag(byte letter)
{
    return (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z');
}

static bool begins_with(Text text, Py_ssize_t place, const char *tag, Py_ssize_t size, byte element)
{
    return text.size - place > size && memcmp(text.bytes + place, tag, (size_t)size) == 0
        && text.bytes[place + size] == element;
}

static Mark mark_at(Text text, Py_ssize_t place, byte element)
{
    static const struct { const char *tag; Py_ssize_t size; Kind kind; } TAGS[] = {
        {"HL", 2, HL}, {"CLM", 3, CLM}, {"ST", 2, ST}, {"SE", 2, ENVELOPE}, {"GS", 2, ENVELOPE},
        {"GE", 2, ENVELOPE}, {"IEA", 3, ENVELOPE}, {"ISA", 3, ENVELOPE},
    };
    if (place < text.size && strchr("HCSGI", text.bytes[place]) != NULL && text.bytes[place] != 0)
        for (size_t i = 0; i < sizeof TAGS / sizeof *TAGS; i++)
            if (begins_with(text, place, TAGS[i].tag, TAGS[i].size, element))
                return (Mark){TAGS[i].kind, place, TAGS[i].size};
    return (Mark){NO_MARK, place, 0};
}

/* The first mark behind a place; one of kind NO_MARK at the end of the text when there is none. */
static Mark next_mark(Text text, Py_ssize_t place, byte terminator, byte element)
{
    const byte *found;
    while (place < text.size
           && (found = memchr(text.bytes + place, terminator, (size_t)(text.size - place))) != NULL) {
        place = found - text.bytes + 1;
        while (place < text.size && !may_begin_tag(text.bytes[place]) && text.bytes[place] != terminator
               && text.bytes[place] != element)
            place++;
        Mark mark = mark_at(text, place, element);
        if (mark.kind != NO_MARK)
            return mark;
    }
    return (Mark){NO_MARK, text.size, 0};
}

/* Where a code occurs at or behind a place, or the size of the text. */
static Py_ssize_t find_code(Text text, Py_ssize_t place, Text code)
{
    while (text.size - place >= code.size) {
        const byte *found = memchr(text.bytes + place, code.bytes[0], (size_t)(text.size - place - code.size + 1));
        if (found == NULL)
            break;
        if (memcmp(found, code.bytes, (size_t)code.size) == 0)
            return found - text.bytes;
        place = found - text.bytes + 1;
    }
    return text.size;
}

/* Whether a code occurs before a place and not before an earlier one that was asked for. */
static bool occurs_before(Codes *codes, Text text, Py_ssize_t place)
{
    bool occurs = false;
    for (Py_ssize_t i = 0; i < codes->count; i++)
        if (codes->next[i] < place) {
            occurs = true;
            codes->next[i] = find_code(text, place, codes->codes[i]);
        }
    return occurs;
}

/* HL03 of the HL at a place: as much as is told apart of it, at most two letters. */
static Text level_at(Text text, Py_ssize_t place, byte element)
{
    Py_ssize_t end = text.size - place < HL_REACH ? text.size : place + HL_REACH;
    int separators = 0;
    while (place < end && separators < 3)
        separators += text.bytes[place++] == element;
    Text level = {text.bytes + place, 0};
    if (separators == 3)
        while (level.size < 2 && place + level.size < end && level.bytes[level.size] != element)
            level.size++;
    return level;
}

static bool is_level(Text level, const char *code)
{
    return level.size == 2 && memcmp(level.bytes, code, 2) == 0;
}

static void pass_loop(Passed *passed, Py_ssize_t place, Py_ssize_t end, Text level)
{
    static const Loop NONE = {0, 0, 0};
    Loop loop = {place, end, ++passed->loops};
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
    return Py_BuildValue("nnn", loop.place, loop.end, loop.number);
}

static PyObject *levels_of(const Passed *passed)
{
    return Py_BuildValue("NNN", loop_or_none(passed->provider), loop_or_none(passed->subscriber),
                         loop_or_none(passed->patient));
}

static PyObject *tag_of(Text text, Mark mark, PyObject *carried)
{
    if (mark.place < 0)
        return Py_NewRef(carried);
    return PyBytes_FromStringAndSize((const char *)text.bytes + mark.place, mark.tag_size);
}

static int add_stop(PyObject *stops, Text text, Mark at, Mark opened, PyObject *carried, bool hit, Py_ssize_t number,
                    const Passed *passed)
{
    PyObject *stop = Py_BuildValue("nNNnNnnnN", at.place, tag_of(text, at, carried), tag_of(text, opened, carried),
                                   opened.place, PyBool_FromLong(hit), passed->claims, number, passed->loops,
                                   levels_of(passed));
    if (stop == NULL)
        return -1;
    int failed = PyList_Append(stops, stop);
    Py_DECREF(stop);
    return failed;
}

static bool read_codes(PyObject *tuple, Text text, Codes *codes)
{
    codes->count = PyTuple_GET_SIZE(tuple);
    if (codes->count > MOST_CODES) {
        PyErr_Format(PyExc_ValueError, "more than %d codes", MOST_CODES);
        return false;
    }
    for (Py_ssize_t i = 0; i < codes->count; i++) {
        char *bytes;
        Text *code = &codes->codes[i];
        if (PyBytes_AsStringAndSize(PyTuple_GET_ITEM(tuple, i), &bytes, &code->size) < 0)
            return false;
        if (code->size == 0) {
            PyErr_SetString(PyExc_ValueError, "an empty code");
            return false;
        }
        code->bytes = (const byte *)bytes;
        codes->next[i] = find_code(text, 0, *code);
    }
    return true;
}

static Kind kind_of(PyObject *tag)
{
    Text text = {(const byte *)PyBytes_AS_STRING(tag), PyBytes_GET_SIZE(tag)};
    if (text.size == 3 && memcmp(text.bytes, "CLM", 3) == 0)
        return CLM;
    if (text.size == 2 && memcmp(text.bytes, "HL", 2) == 0)
        return HL;
    if (text.size == 2 && memcmp(text.bytes, "ST", 2) == 0)
        return ST;
    return NO_MARK;
}

static PyObject *stops(PyObject *module, PyObject *args)
{
    PyObject *whole, *code_tuple, *carried, *carried_level;
    byte terminator, element;
    int every_claim, carried_hit;
    Py_ssize_t number;
    if (!PyArg_ParseTuple(args, "SccO!pSSpn", &whole, &terminator, &element, &PyTuple_Type, &code_tuple, &every_claim,
                          &carried, &carried_level, &carried_hit, &number))
        return NULL;
    Text text = {(const byte *)PyBytes_AS_STRING(whole), PyBytes_GET_SIZE(whole)};
    Text level = {(const byte *)PyBytes_AS_STRING(carried_level), PyBytes_GET_SIZE(carried_level)};
    Codes codes;
    if (!read_codes(code_tuple, text, &codes))
        return NULL;
    PyObject *found = PyList_New(0);
    if (found == NULL)
        return NULL;
    Passed passed = {0};
    Mark opened = {kind_of(carried), -1, 0};
    bool hit = carried_hit;
    for (Py_ssize_t place = 0;;) {
        Mark mark = next_mark(text, place, terminator, element);
        bool ends = mark.kind == NO_MARK;
        hit = occurs_before(&codes, text, mark.place) || hit;
        if (opened.kind == HL && !ends)
            pass_loop(&passed, opened.place, mark.place,
                      opened.place < 0 ? level : level_at(text, opened.place, element));
        bool told = opened.kind == ST || (opened.kind == CLM && (hit || every_claim));
        if (told || ends || mark.kind == ST || mark.kind == ENVELOPE) {
            if (add_stop(found, text, mark, opened, carried, hit, number, &passed) < 0) {
                Py_DECREF(found);
                return NULL;
            }
            passed = (Passed){0};
        }
        if (ends)
            return found;
        if (mark.kind == CLM) {
            passed.claims++;
            number++;
        } else {
            number = 0;
        }
        opened = mark;
        hit = false;
        place = mark.place;
    }
}

/* -- counting ---------------------------------------------------------------------------------------------- */

enum { LANES = 64, ROUNDS = 255 }; /* so many rounds fit a byte */

/* How often a byte occurs, or, where `before` is a byte, how often it stands right behind that one. The inner loop
 * has no branch and is as wide as a machine's registers: compilers make a few instructions of it. */
static Py_ssize_t counted(Text text, byte wanted, const byte *before)
{
    Py_ssize_t sum = 0, place = before != NULL;
    while (text.size - place >= LANES) {
        Py_ssize_t rounds = (text.size - place) / LANES;
        byte lanes[LANES] = {0};
        if (rounds > ROUNDS)
            rounds = ROUNDS;
        for (const byte *at = text.bytes + place, *end = at + rounds * LANES; at < end; at += LANES)
            if (before == NULL)
                for (int i = 0; i < LANES; i++)
                    lanes[i] += at[i] == wanted;
            else
                for (int i = 0; i < LANES; i++)
                    lanes[i] += (at[i] == wanted) & (at[i - 1] == *before);
        for (int i = 0; i < LANES; i++)
            sum += lanes[i];
        place += rounds * LANES;
    }
    for (; place < text.size; place++)
        sum += text.bytes[place] == wanted && (before == NULL || text.bytes[place - 1] == *before);
    return sum;
}

static PyObject *count(PyObject *module, PyObject *args)
{
    PyObject *whole;
    byte wanted;
    Py_ssize_t start, end;
    if (!PyArg_ParseTuple(args, "Scnn", &whole, &wanted, &start, &end))
        return NULL;
    if (start < 0 || end < start || end > PyBytes_GET_SIZE(whole)) {
        PyErr_SetString(PyExc_ValueError, "places outside of the text");
        return NULL;
    }
    return PyLong_FromSsize_t(counted((Text){(const byte *)PyBytes_AS_STRING(whole) + start, end - start}, wanted, NULL));
}

/* -- line ends --------------------------------------------------------------------------------------------- */

static bool all_stand_behind(Text text, byte wanted, byte terminator)
{
    return counted(text, wanted, NULL) == counted(text, wanted, &terminator);
}

static Py_ssize_t pairs_behind(Text text, byte terminator)
{
    Py_ssize_t sum = 0;
    for (Py_ssize_t i = 2; i < text.size; i++)
        sum += (text.bytes[i - 2] == terminator) & (text.bytes[i - 1] == '\r') & (text.bytes[i] == '\n');
    return sum;
}

static PyObject *is_ragged(PyObject *module, PyObject *args)
{
    PyObject *whole;
    byte terminator;
    if (!PyArg_ParseTuple(args, "Sc", &whole, &terminator))
        return NULL;
    Text text = {(const byte *)PyBytes_AS_STRING(whole), PyBytes_GET_SIZE(whole)};
    if (terminator == '\n')
        return PyBool_FromLong(!all_stand_behind(text, '\r', terminator));
    if (terminator == '\r' || memchr(text.bytes, '\r', (size_t)text.size) == NULL)
        return PyBool_FromLong(!all_stand_behind(text, '\n', terminator));
    Py_ssize_t feeds = counted(text, '\n', NULL);
    return PyBool_FromLong(feeds != counted(text, '\r', NULL) || feeds != pairs_behind(text, terminator));
}

/* -- the module -------------------------------------------------------------------------------------------- */

static PyMethodDef FUNCTIONS[] = {
    {"stops", stops, METH_VARARGS, "As stops_in_python."},
    {"count", count, METH_VARARGS, "As count_in_python."},
    {"is_ragged", is_ragged, METH_VARARGS, "As is_ragged_in_python."},
    {NULL, NULL, 0, NULL},
};

/* Which version of the program this was compiled for, so that an old one is never taken for a new one. */
static int add_version(PyObject *module)
{
    return PyModule_AddStringConstant(module, "version", X12PROC_VERSION);
}

static PyModuleDef_Slot SLOTS[] = {{Py_mod_exec, add_version}, {0, NULL}};

static struct PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, "_native", NULL, 0, FUNCTIONS, SLOTS, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__native(void)
{
    return PyModuleDef_Init(&MODULE);
}
