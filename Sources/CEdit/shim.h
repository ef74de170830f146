// libedit for Swift, which cannot call C functions with a variable number of arguments, such as el_set(3).
#pragma once
#include <histedit.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

static inline EditLine *cedit_open(const char *program) {
    return el_init(program, stdin, stdout, stderr);
}

// Whether a character of the locale is one byte, as in the locale C.
static inline int cedit_has_bytes_only(void) {
    return MB_CUR_MAX == 1;
}

static inline void cedit_set_client(EditLine *editor, void *client) {
    el_set(editor, EL_CLIENTDATA, client);
}

static inline void *cedit_client(EditLine *editor) {
    void *client = NULL;
    el_get(editor, EL_CLIENTDATA, &client);
    return client;
}

static inline void cedit_set_prompt(EditLine *editor, char *(*prompt)(EditLine *)) {
    el_set(editor, EL_PROMPT, prompt);
}

static inline void cedit_set_reader(EditLine *editor, int (*reader)(EditLine *, wchar_t *)) {
    el_set(editor, EL_GETCFN, reader);
}

static inline void cedit_set_editor(EditLine *editor, const char *name) {
    el_set(editor, EL_EDITOR, name);
}

static inline void cedit_add_function(EditLine *editor, const char *name, const char *help,
                                      unsigned char (*function)(EditLine *, int)) {
    el_set(editor, EL_ADDFN, name, help, function);
}

static inline void cedit_bind(EditLine *editor, const char *key, const char *function) {
    el_set(editor, EL_BIND, key, function, NULL);
}

// Switches the terminal to raw mode. el_gets(3) does that only after it has printed the prompt, and not if it has done so
// before, although the terminal may be in another mode since Ctrl-Z.
static inline void cedit_prepare(EditLine *editor) {
    el_set(editor, EL_PREP_TERM, 0);
    el_set(editor, EL_PREP_TERM, 1);
}

static inline int cedit_is_vi(EditLine *editor) {
    const char *name = "";
    el_get(editor, EL_EDITOR, &name);
    return name[0] == 'v';
}

static inline void cedit_refresh(EditLine *editor) {
    el_set(editor, EL_REFRESH);
}

static inline void cedit_use_history(EditLine *editor, History *past, int size) {
    HistEvent event;
    history(past, &event, H_SETSIZE, size);
    history(past, &event, H_SETUNIQUE, 1);
    el_set(editor, EL_HIST, history, past);
}

static inline void cedit_enter(History *past, const char *line) {
    HistEvent event;
    history(past, &event, H_ENTER, line);
}
