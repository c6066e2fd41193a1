// Draws series over time. The page has the same numbers as a table.
import { useComputedColorScheme } from '@mantine/core';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export interface ChartProps {
  readonly title: string;
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly series: readonly {
    readonly name: string;
    /** The name of a variable of the style sheet. */
    readonly colour: string;
    /** null: there is no number for that time. */
    readonly values: readonly (number | null)[];
  }[];
  readonly format: (value: number) => string;
}

const HEIGHT_PX = 170;
/** A step below one would repeat a label: numbers are shown whole. */
const WHOLE_STEPS = Array.from({ length: 10 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat();
const DAY_SECONDS = 86_400;
const HOURS = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short' });
const DAYS = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

export default function Chart({ title, times, series, format }: ChartProps): ReactNode {
  const room = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const [index, setIndex] = useState<number | undefined>();
  const scheme = useComputedColorScheme();
  const names = series.map(({ name }) => name).join();
  const data = [times, ...series.map(({ values }) => values)] as unknown as uPlot.AlignedData;
  // The plot is made once for each colour scheme. New numbers go to the plot that is there.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the numbers of the first plot are those of the first time
  useEffect(() => {
    const at = room.current;
    if (at === null) return;
    const made = new uPlot(describePlot(at, { series, format, onCursor: setIndex }), data, at);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: at.clientWidth, height: HEIGHT_PX }));
    observer.observe(at);
    return () => {
      observer.disconnect();
      made.destroy();
    };
  }, [scheme, names]);
  useEffect(() => plot.current?.setData(data), [data]);
  return (
    <>
      <div ref={room} className="chart-room" role="img" aria-label={`${title}: the numbers are in the table below`} />
      <p className="chart-legend">
        {series.map(({ name, colour, values }) => (
          <span key={name}>
            <svg width="10" height="10" aria-hidden="true">
              <circle cx="5" cy="5" r="5" fill={`var(${colour})`} />
            </svg>
            {name}
            {index !== undefined && values[index] != null && <strong>{format(values[index])}</strong>}
          </span>
        ))}
        {index !== undefined && times[index] !== undefined && <span>{HOURS.format(times[index] * 1000)}</span>}
      </p>
    </>
  );
}

interface PlotNeeds extends Pick<ChartProps, 'series' | 'format'> {
  readonly onCursor: (index: number | undefined) => void;
}

function describePlot(at: HTMLElement, { series, format, onCursor }: PlotNeeds): uPlot.Options {
  const style = getComputedStyle(at);
  const colourOf = (name: string): string => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colourOf('--soft'),
    font: `12px ${style.fontFamily}`,
    grid: { stroke: colourOf('--line'), width: 1 },
    ticks: { show: false },
  };
  return {
    width: at.clientWidth,
    height: HEIGHT_PX,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 6 } },
    scales: { y: { range: (_plot, _least, most) => [0, Math.max(1, most * 1.1)] } },
    axes: [
      { ...axis, space: 70, values: (_plot, splits) => describeTimes(splits) },
      {
        ...axis,
        size: 56,
        space: 34,
        incrs: WHOLE_STEPS,
        values: (_plot, splits) => splits.map((value) => format(value)),
      },
    ],
    series: [
      {},
      ...series.map(({ name, colour }) => ({
        label: name,
        stroke: colourOf(colour),
        width: 1.75,
        points: { show: isLonely },
      })),
    ],
    hooks: { setCursor: [({ cursor }) => onCursor(cursor.idx ?? undefined)] },
  };
}

/** A line needs two numbers beside each other. */
const isLonely = (plot: uPlot, series: number): boolean => {
  const values = plot.data[series] ?? [];
  return values.some((value, at) => value != null && values[at - 1] == null && values[at + 1] == null);
};

/** @param times seconds since 1970 */
function describeTimes(times: readonly number[]): string[] {
  const [first = 0, second = 0] = times;
  const words = second - first >= DAY_SECONDS ? DAYS : HOURS;
  return times.map((time) => words.format(time * 1000));
}
