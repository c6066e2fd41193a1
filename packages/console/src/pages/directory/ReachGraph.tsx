// Draws what a client can reach: the client, the ways, and the targets. The matrix says the same in a table.
import dagre from '@dagrejs/dagre';
import { useComputedColorScheme } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { type Edge, MarkerType, type Node, Position, ReactFlow } from '@xyflow/react';
import '@xyflow/react/dist/style.css';
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import { distinct, nameOf, type Way } from './ways.ts';

const WIDTH_PX = 230;
const HEIGHT_PX = 52;
const MIN_HEIGHT_PX = 260;
const MAX_HEIGHT_PX = 640;

interface ReachGraphProps {
  readonly client: string;
  readonly ways: readonly Way[];
}

type Data = { readonly label: string; readonly goal: Record<string, string> | undefined };

export default function ReachGraph({ client, ways }: ReachGraphProps): ReactNode {
  const navigate = useNavigate();
  const colorMode = useComputedColorScheme();
  const room = useRef<HTMLDivElement>(null);
  const [roomWidth, setRoomWidth] = useState(0);
  const { nodes, edges, width, height } = useMemo(() => arrange(client, ways), [client, ways]);
  useEffect(() => {
    const observer = new ResizeObserver(() => setRoomWidth(room.current?.clientWidth ?? 0));
    if (room.current !== null) observer.observe(room.current);
    return () => observer.disconnect();
  }, []);
  return (
    <div
      ref={room}
      className="reach-graph"
      role="img"
      aria-label={`A graph of what ${client} can reach. The matrix says the same in a table.`}
      style={{ height: Math.min(MAX_HEIGHT_PX, Math.max(MIN_HEIGHT_PX, height * Math.min(1, roomWidth / width))) }}
    >
      {roomWidth > 0 && (
        <ReactFlow
          // The whole graph is in view, whatever the width and the graph become.
          key={[roomWidth, nodes.length, edges.length].join()}
          nodes={nodes}
          edges={edges}
          colorMode={colorMode}
          fitView
          minZoom={0.2}
          maxZoom={1.25}
          nodesDraggable={false}
          nodesConnectable={false}
          nodesFocusable={false}
          edgesFocusable={false}
          elementsSelectable={false}
          disableKeyboardA11y
          preventScrolling={false}
          zoomOnScroll={false}
          proOptions={{ hideAttribution: true }}
          onNodeClick={(_event, { data: { goal } }) =>
            goal && void navigate({ to: '/directory', search: goal as never })
          }
        />
      )}
    </div>
  );
}

/** Places the nodes from left to right. */
function arrange(client: string, ways: readonly Way[]) {
  const graph = new dagre.graphlib.Graph().setGraph({ rankdir: 'LR', nodesep: 16, ranksep: 72 });
  graph.setDefaultEdgeLabel(() => ({}));
  const edges: Edge[] = [];
  const data = new Map<string, Data & { readonly kind: string }>();
  const add = (id: string, kind: string, label: string, goal?: Data['goal']): void => {
    data.set(id, { kind, label, goal });
    graph.setNode(id, { width: WIDTH_PX, height: HEIGHT_PX });
  };
  const join = (source: string, target: string, isWatched: boolean): void => {
    graph.setEdge(source, target);
    const markerEnd = { type: MarkerType.ArrowClosed };
    edges.push({ id: `${source} ${target}`, source, target, markerEnd, ...(isWatched && { animated: true }) });
  };
  add('client', 'client', client);
  for (const audience of distinct(ways.flatMap(({ audiences }) => audiences)))
    add(`to ${audience}`, 'target', audience, { kind: 'resources', name: audience });
  for (const [index, way] of ways.entries()) {
    const id = `way ${index}`;
    const goal = way.rule === undefined ? undefined : { kind: 'rules', name: way.rule };
    add(id, 'way', `${nameOf(way)}: ${way.scopes.map(({ scope }) => scope).join(' ')}`, goal);
    join('client', id, way.mode === 'audit');
    for (const audience of way.audiences) join(id, `to ${audience}`, way.mode === 'audit');
  }
  dagre.layout(graph);
  const nodes: Node<Data>[] = [...data].map(([id, { kind, ...shown }]) => {
    const { x, y } = graph.node(id);
    return {
      id,
      data: shown,
      className: `reach-node reach-${kind}`,
      position: { x: x - WIDTH_PX / 2, y: y - HEIGHT_PX / 2 },
      sourcePosition: Position.Right,
      targetPosition: Position.Left,
      type: kind === 'client' ? 'input' : kind === 'target' ? 'output' : 'default',
    };
  });
  const { width = WIDTH_PX, height = HEIGHT_PX } = graph.graph();
  return { nodes, edges, width, height: height + 2 * HEIGHT_PX };
}
