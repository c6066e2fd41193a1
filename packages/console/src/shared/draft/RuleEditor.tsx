// The editor of rules: CodeMirror in a shadow root, where its style sheets are adopted, as the content security policy wants.
import { autocompletion, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { indentUnit, syntaxHighlighting } from '@codemirror/language';
import { type Diagnostic, lintGutter, setDiagnostics } from '@codemirror/lint';
import { Compartment, EditorState, type Extension } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { type ReactNode, useEffect, useRef } from 'react';
import { completeRules, type Names, type Schemas } from './completion.ts';
import { highlighting, look } from './editor-look.ts';
import type { Finding } from './use-check.ts';

interface RuleEditorProps {
  readonly text: string;
  readonly schema: Schemas | undefined;
  readonly names: Names | undefined;
  /** The line of the file that the text begins with. */
  readonly firstLine: number;
  /** Of the file of the text. */
  readonly findings: readonly Finding[];
  /** A line of the text to show, from 1. */
  readonly goal: { readonly line: number; readonly count: number } | undefined;
  readonly onEdit: (text: string) => void;
}

const numbers = new Compartment();
const completing = new Compartment();

/**
 * Replaces a selection by what is typed. Chrome would keep the style of the replaced text in an inline one, which the content security
 * policy refuses.
 */
const typing = EditorView.domEventHandlers({
  beforeinput: (event, view) => {
    if (event.inputType !== 'insertText' || event.data === null || view.state.selection.main.empty) return false;
    event.preventDefault();
    view.dispatch(view.state.replaceSelection(event.data), { userEvent: 'input.type', scrollIntoView: true });
    return true;
  },
});

const fixed: Extension = [
  typing,
  history(),
  drawSelection(),
  highlightActiveLine(),
  lintGutter(),
  yaml(),
  indentUnit.of('  '),
  syntaxHighlighting(highlighting),
  look,
  EditorView.contentAttributes.of({
    'aria-label': 'Rules, in YAML. Tab leaves the editor.',
    spellcheck: 'false',
    tabindex: '0',
  }),
  // Without a binding, Tab leaves the editor.
  keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap]),
];

const numbersFrom = (firstLine: number): Extension =>
  lineNumbers({ formatNumber: (line) => String(line + firstLine - 1) });

const completionsFrom = (schema: Schemas | undefined, names: Names | undefined): Extension =>
  schema === undefined ? [] : autocompletion({ override: [completeRules(schema, names)] });

export default function RuleEditor({
  text,
  schema,
  names,
  firstLine,
  findings,
  goal,
  onEdit,
}: RuleEditorProps): ReactNode {
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<EditorView>(undefined);
  const report = useRef(onEdit);
  report.current = onEdit;
  // biome-ignore lint/correctness/useExhaustiveDependencies: it begins with them; later values come by the effects below
  useEffect(() => {
    const element = host.current;
    if (element === null) return undefined;
    const root = element.shadowRoot ?? element.attachShadow({ mode: 'open' });
    const listener = EditorView.updateListener.of(({ docChanged, state, transactions }) => {
      const isOurs = transactions.some((one) => one.isUserEvent('replaced'));
      if (docChanged && !isOurs) report.current(state.doc.toString());
    });
    const extensions = [
      fixed,
      numbers.of(numbersFrom(firstLine)),
      completing.of(completionsFrom(schema, names)),
      listener,
    ];
    const view = new EditorView({ root, parent: root, state: EditorState.create({ doc: text, extensions }) });
    editor.current = view;
    return () => view.destroy();
  }, []);
  useEffect(() => {
    const view = editor.current;
    if (view === undefined || view.state.doc.toString() === text) return;
    const changes = { from: 0, to: view.state.doc.length, insert: text };
    view.dispatch({ changes, userEvent: 'replaced' });
  }, [text]);
  useEffect(() => {
    editor.current?.dispatch({ effects: numbers.reconfigure(numbersFrom(firstLine)) });
  }, [firstLine]);
  // By itself, because it closes the list of completions.
  useEffect(() => {
    editor.current?.dispatch({ effects: completing.reconfigure(completionsFrom(schema, names)) });
  }, [schema, names]);
  useEffect(() => {
    const view = editor.current;
    if (view !== undefined) view.dispatch(setDiagnostics(view.state, diagnosticsOf(findings, firstLine, view.state)));
  }, [findings, firstLine]);
  const { line: goalLine = 0, count = 0 } = goal ?? {};
  useEffect(() => {
    const view = editor.current;
    if (view !== undefined && goalLine > 0) showLine(view, goalLine, count > 0);
  }, [goalLine, count]);
  return <div ref={host} className="draft-host" />;
}

function showLine(view: EditorView, number: number, hasFocus: boolean): void {
  const { doc } = view.state;
  const { from } = doc.line(Math.min(doc.lines, number));
  view.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: 'start', yMargin: 24 }) });
  if (hasFocus) view.focus();
}

function diagnosticsOf(findings: readonly Finding[], firstLine: number, { doc }: EditorState): readonly Diagnostic[] {
  return findings.flatMap(({ severity, line, column, message, path }): Diagnostic[] => {
    const number = line - firstLine + 1;
    if (number < 1 || number > doc.lines) return [];
    const { from, to } = doc.line(number);
    const start = Math.min(to, from + Math.max(0, column - 1));
    return [
      {
        from: start,
        to: Math.max(start, to),
        severity: severity === 'fault' ? 'error' : 'warning',
        message: `${path} ${message}`.trim(),
      },
    ];
  });
}
