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

static Text text_of(PyObject *bytes)
{
    return (Text){(const byte *)PyBytes_AS_STRING(bytes), PyBytes_GET_SIZE(bytes)};
}

/* -- stops ------------------------------------------------------------------------------------------------- */

enum { HL_REACH = 48 };

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
    Text text;
    Py_ssize_t next; /* where it occurs next, or the size of the text */
} Code;

typedef struct {
    Code *list;
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
    for (Code *code = codes->list; code < codes->list + codes->count; code++)
        if (code->next < place) {
            occurs = true;
            code->next = find_code(text, place, code->text);
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
        code->next = find_code(text, 0, code->text);
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
    return NO_MARK;
}

/* What a window leaves open, and how it is read. */
typedef struct {
    byte terminator, element;
    int every_claim, hit;
    Py_ssize_t number;
    PyObject *tag;
    Text level;
} Start;

/* Adds the stops of a text to a list; -1 where that fails. */
static int walk(PyObject *found, Text text, Codes *codes, const Start *start)
{
    Passed passed = {0};
    Mark opened = {kind_of(start->tag), -1, 0};
    Py_ssize_t number = start->number, place = 0;
    bool hit = start->hit;
    for (;;) {
        Mark mark = next_mark(text, place, start->terminator, start->element);
        bool ends = mark.kind == NO_MARK;
        hit = occurs_before(codes, text, mark.place) || hit;
        if (opened.kind == HL && !ends)
            pass_loop(&passed, opened.place, mark.place,
                      opened.place < 0 ? start->level : level_at(text, opened.place, start->element));
        bool told = opened.kind == ST || (opened.kind == CLM && (hit || start->every_claim));
        if (told || ends || mark.kind == ST || mark.kind == ENVELOPE) {
            if (add_stop(found, text, mark, opened, start->tag, hit, number, &passed) < 0)
                return -1;
            passed = (Passed){0};
        }
        if (ends)
            return 0;
        passed.claims += mark.kind == CLM;
        number = mark.kind == CLM ? number + 1 : 0;
        opened = mark;
        hit = false;
        place = mark.place;
    }
}

static PyObject *stops(PyObject *module, PyObject *args)
{
    PyObject *whole, *tuple, *level;
    Start start;
    if (!PyArg_ParseTuple(args, "SccO!pSSpn", &whole, &start.terminator, &start.element, &PyTuple_Type, &tuple,
                          &start.every_claim, &start.tag, &level, &start.hit, &start.number))
        return NULL;
    start.level = text_of(level);
    Codes codes = {PyMem_New(Code, PyTuple_GET_SIZE(tuple)), 0};
    if (codes.list == NULL)
        return PyErr_NoMemory();
    PyObject *found = PyList_New(0);
    if (found != NULL
        && (!read_codes(tuple, text_of(whole), &codes) || walk(found, text_of(whole), &codes, &start) < 0))
        Py_CLEAR(found);
    PyMem_Free(codes.list);
    return found;
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
    if (start < 0 || end < 0) {
        PyErr_SetString(PyExc_ValueError, "a place before the text");
        return NULL;
    }
    if (end > PyBytes_GET_SIZE(whole))
        end = PyBytes_GET_SIZE(whole);
    if (end < start)
        end = start = 0;
    return PyLong_FromSsize_t(counted((Text){text_of(whole).bytes + start, end - start}, wanted, NULL));
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
    Text text = text_of(whole);
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

/* There is no state: threads and interpreters need not wait for one another. */
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
