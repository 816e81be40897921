/** curl's progress meter: what it shows on stderr when the body does not go to a terminal. Format: curl 7.88.1, compared. */

export const METER_HEAD =
  '  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n' +
  '                                 Dload  Upload   Total   Spent    Left  Speed\n';

export const METER_START = meterLine(0, 0);

/** One state of the meter; it overwrites the one before. */
export function meterLine(bytes: number, milliseconds: number): string {
  const percent = bytes > 0 ? '100' : '  0';
  const size = String(bytes).padStart(5);
  const speed = bytes === 0 ? 0 : Math.round((bytes * 1000) / Math.max(milliseconds, 1));
  const spent = milliseconds >= 1000 ? clock(milliseconds) : '--:--:--';
  return (
    `\r${percent} ${size}  ${percent === '100' ? '100' : '  0'} ${size}    0     0 ${String(speed).padStart(6)}      0 ` +
    `--:--:-- ${spent.padStart(8)} --:--:-- ${String(speed).padStart(5)}`
  );
}

function clock(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
