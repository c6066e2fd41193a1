// The default theme of VitePress, with wide tables and the drawings for light and dark.
import DefaultTheme from 'vitepress/theme';
import './style.css';

export default DefaultTheme;
